/**
 * Chance that can be replayed, in two kinds: a sequence, for making a schedule; and a number that belongs to a
 * place, so that leaving out one fault of a schedule changes nothing about the others.
 */

/** A number from 0 up to 1 for a seed and a place. */
export function chanceAt(seed: number, place: string, index: number): number {
  let value = 0x811c9dc5 ^ seed;
  for (let at = 0; at < place.length; at += 1) value = Math.imul(value ^ place.charCodeAt(at), 0x01000193);
  return mixed(Math.imul(value ^ index, 0x9e3779b1) + index) / 2 ** 32;
}

/** Numbers from 0 up to 1, one after the other. */
export function chances(seed: number): () => number {
  let state = mixed(seed ^ 0x5bd1e995);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mixed(state) / 2 ** 32;
  };
}

/** Spreads the bits of a 32-bit number (the finaliser of MurmurHash3). */
function mixed(bits: number): number {
  let value = bits >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
