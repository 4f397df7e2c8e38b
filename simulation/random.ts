/**
 * Chance that can be repeated: a generator of numbers for every path such as ('seed', 1, 'arrival', 17).
 *
 * One generator for the whole simulator would make every value depend on how many were drawn before it, so a
 * row could not be written again, alone, when it is read. A generator per path costs a hash and can.
 * Nothing here is fit for secrets.
 */

export interface Random {
  /** From 0, included, to 1, excluded. */
  fraction(): number;
  /** A whole number, both ends included. */
  integer(from: number, to: number): number;
  isChance(probability: number): boolean;
  pick<Option>(options: readonly Option[]): Option;
  weighted<Option>(options: readonly (readonly [Option, number])[]): Option;
  /** The waiting time to the next of many independent events that come every `mean` on average. */
  exponential(mean: number): number;
  hex(length: number): string;
  digits(length: number): string;
  uuid(): string;
}

export function randomFor(...path: readonly (string | number)[]): Random {
  const fraction = mulberry32(hash32(path.join('/')));
  const integer = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  const pick = <Option>(options: readonly Option[]): Option =>
    chosen(options[integer(0, options.length - 1)]);
  // Eight digits a draw: payloads are full of ids, and they are written anew for every reading.
  const text = (base: 10 | 16, length: number) => {
    let word = '';
    while (word.length < length)
      word += integer(0, base ** 8 - 1)
        .toString(base)
        .padStart(8, '0');
    return word.slice(0, length);
  };
  const hex = (length: number) => text(16, length);
  return {
    fraction,
    integer,
    pick,
    hex,
    isChance: (probability) => fraction() < probability,
    weighted: (options) => {
      let left = fraction() * options.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [option, weight] of options) {
        left -= weight;
        if (left < 0) return option;
      }
      return chosen(options.at(-1))[0];
    },
    exponential: (mean) => -mean * Math.log(1 - fraction()),
    digits: (length) => text(10, length),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`,
  };
}

/** FNV-1a, then mixed: paths that differ in the last digit only must not begin alike. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Mulberry32 by Tommy Ettinger (public domain): 32 bits of state, good enough for a shop. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function chosen<Option>(option: Option | undefined): Option {
  if (option === undefined) throw new RangeError('nothing to choose from: the list of options is empty');
  return option;
}
