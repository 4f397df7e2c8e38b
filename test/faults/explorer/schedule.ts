/**
 * A schedule: what the vendor says and what goes wrong, as a list of which any part can be left out.
 *
 * A fault names its place by counting ("the third put"), not by drawing lots on the way, so that a schedule that
 * fails can be cut down to the few happenings that make it fail.
 */
import { chances } from './random.ts';

/** Where the parts of the pipeline meet the world. */
export type Port =
  | 'lease'
  | 'ask the vendor'
  | 'put'
  | 'save the cursor'
  | 'release'
  | 'deliver'
  | 'submit'
  | 'describe'
  | 'rows'
  | 'statement'
  | 'copy'
  | 'batch';

export type What =
  | 'dies before'
  | 'dies after'
  | 'fails'
  | 'answer lost'
  | 'late effect'
  | 'comes back late'
  | 'partly refused'
  | 'refused'
  | 'rate limited'
  | 'unauthorized'
  | 'conflict'
  | 'skipped'
  | 'twice';

export type Happening =
  | { readonly kind: 'fault'; readonly port: Port; readonly call: number; readonly what: What }
  | { readonly kind: 'outage'; readonly of: Part; readonly from: number; readonly until: number }
  | { readonly kind: 'timer'; readonly of: 'producer' | 'walk' | 'loader'; readonly at: number }
  /** The clock of a container is off by so much from then on. */
  | { readonly kind: 'clock'; readonly container: number; readonly at: number; readonly offBy: number }
  /** Bytes on the stream that no producer has put there. */
  | { readonly kind: 'foreign'; readonly at: number; readonly text: string }
  | { readonly kind: 'vendor'; readonly at: number; readonly said: Said };

export type Part = 'vendor' | 'feeds table' | 'stream' | 'delivery stream' | 'warehouse';

/** What the vendor says of a fact from some instant on. */
export interface Said {
  readonly id: number;
  readonly type: 'event' | 'item';
  /** Seconds since the start; a late row has an instant that others have passed. */
  readonly changed: number;
  readonly text: string;
}

export interface Schedule {
  readonly seed: number;
  /** Between two polls, ms; shorter than any producer's, runs get in each other's way. */
  readonly everyMs: number;
  /** The real Rollbar producer in the place of the one that is made for this. */
  readonly isRollbar: boolean;
  readonly happenings: readonly Happening[];
}

/** Faults stop after this long, ms. */
export const FAULTS_MS = 8 * 60_000;

/** The vendor shows a row at most this long after its instant, seconds; the test producer looks back further. */
export const LATEST_SECONDS = 15;

/** More bytes than the column holds, in a record type that has nothing shortened: the validator rejects it. */
export const POISON = 'poison '.repeat(8);

const FOREIGN = ['no JSON at all', '[]', '{"record_type":"nobody_knows_it","record_version":1}', '\u0000'];

/** What can go wrong where, and about how many calls there are to choose from. */
const PLACES: readonly (readonly [Port, number, readonly What[]])[] = [
  ['lease', 10, ['comes back late', 'dies before', 'dies after', 'fails', 'answer lost', 'late effect']],
  [
    'ask the vendor',
    24,
    ['comes back late', 'dies before', 'dies after', 'fails', 'rate limited', 'unauthorized'],
  ],
  [
    'put',
    40,
    [
      'comes back late',
      'dies before',
      'dies after',
      'fails',
      'fails',
      'answer lost',
      'late effect',
      'partly refused',
      'refused',
    ],
  ],
  [
    'save the cursor',
    24,
    ['comes back late', 'dies before', 'dies after', 'fails', 'answer lost', 'late effect'],
  ],
  ['release', 10, ['dies before', 'dies after', 'fails', 'answer lost', 'late effect']],
  [
    'deliver',
    24,
    ['dies before', 'dies after', 'fails', 'answer lost', 'late effect', 'partly refused', 'refused'],
  ],
  ['batch', 20, ['twice', 'answer lost']],
  ['copy', 16, ['fails', 'answer lost', 'skipped', 'twice']],
  ['submit', 16, ['dies before', 'dies after', 'fails', 'answer lost', 'late effect']],
  ['describe', 40, ['dies before', 'dies after', 'fails']],
  ['rows', 6, ['dies before', 'fails']],
  ['statement', 90, ['fails', 'conflict']],
];

const PARTS: readonly Part[] = ['vendor', 'feeds table', 'stream', 'delivery stream', 'warehouse'];

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = chances(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const oneOf = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[below(list.length)] as T;
  const happenings: Happening[] = [...sayings(below, random)];
  // A few kinds at a time: with everything in every schedule, one fault would hide the other.
  const places = PLACES.filter(() => random() < 0.5);
  const faults = 1 + below(16);
  for (let index = 0; index < faults && places.length > 0; index += 1) {
    const [port, calls, whats] = oneOf(places);
    happenings.push({ kind: 'fault', port, call: below(calls), what: oneOf(whats) });
  }
  for (const part of PARTS) {
    if (random() >= 0.15) continue;
    const from = below(FAULTS_MS);
    const until = Math.min(FAULTS_MS, from + 5_000 + below(180_000));
    happenings.push({ kind: 'outage', of: part, from, until });
  }
  for (const part of ['producer', 'walk', 'loader'] as const) {
    const extra = random() < 0.5 ? 1 + below(6) : 0;
    const about = below(FAULTS_MS);
    for (let index = 0; index < extra; index += 1)
      happenings.push({
        kind: 'timer',
        of: part,
        at: oneOf([60_000, 240_000, about, about + below(20_000)]),
      });
  }
  if (random() < 0.3) {
    const clocks = 1 + below(3);
    for (let index = 0; index < clocks; index += 1)
      happenings.push({
        kind: 'clock',
        container: index,
        at: below(FAULTS_MS),
        offBy: below(14_000) - 7_000,
      });
  }
  if (random() < 0.3) happenings.push(...flicker(below));
  if (random() < 0.15) happenings.push({ kind: 'foreign', at: below(FAULTS_MS), text: oneOf(FOREIGN) });
  const everyMs = random() < 0.2 ? 12_000 : 60_000;
  return { seed, everyMs, isRollbar: seed % 10 === 0, happenings };
}

/** What the vendor says: new facts, several a second at times, some of them late, and items that change and change back. */
function* sayings(below: (limit: number) => number, random: () => number): Generator<Happening> {
  const count = 8 + below(24);
  const items: number[] = [];
  // How much of it is one item that changes, and how close together.
  const restless = random();
  let at = below(30_000);
  for (let id = 1; id <= count; id += 1) {
    at = random() < 0.5 ? below(FAULTS_MS) : Math.min(FAULTS_MS, at + below(20_000));
    const late = random() < 0.2 ? below(LATEST_SECONDS) : 0;
    const changed = Math.floor(at / 1000) - late;
    const known = random() < restless ? items[0] : items[below(items.length * 2)];
    if (known !== undefined) {
      const text = random() < 0.05 ? POISON : `state ${below(2)}`;
      yield { kind: 'vendor', at, said: { id: known, type: 'item', changed, text } };
      continue;
    }
    const type = random() < 0.5 ? 'item' : 'event';
    if (type === 'item') items.push(id);
    const text = random() < 0.05 ? POISON : type === 'item' ? 'state 0' : `event ${id}`;
    yield { kind: 'vendor', at, said: { id, type, changed, text } };
  }
}

/** Items that change and change back within seconds, polled at both times by containers that disagree about the time. */
function* flicker(below: (limit: number) => number): Generator<Happening> {
  for (const [container, offBy] of [7_000, -7_000, 7_000, -7_000].entries())
    yield { kind: 'clock', container, at: 0, offBy };
  yield { kind: 'timer', of: 'producer', at: 1_000 };
  for (let time = 0; time < 6; time += 1) {
    const at = 10_000 + below(FAULTS_MS - 60_000);
    const says = (after: number, id: number, type: Said['type'], text: string): Happening => {
      const changed = Math.floor((at + after) / 1000);
      return { kind: 'vendor', at: at + after, said: { id, type, changed, text } };
    };
    yield says(0, 500 + time, 'item', 'state 1');
    yield { kind: 'timer', of: 'producer', at: at + 1_000 };
    yield says(3_000 + below(2_000), 500 + time, 'item', 'state 0');
    yield { kind: 'timer', of: 'producer', at: at + 3_000 + below(2_000) };
    yield { kind: 'timer', of: 'producer', at: at + 6_000 };
    // What comes later moves the look-back on: the item is not read again.
    yield says(40_000, 600 + time, 'event', `event ${600 + time}`);
    for (const _ of [1, 2, 3]) yield { kind: 'fault', port: 'put', call: below(60), what: 'answer lost' };
  }
}

const clockText = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
};

/** A happening as a line that a person can read. */
export function inWords(happening: Happening): string {
  switch (happening.kind) {
    case 'fault':
      return `at call ${happening.call + 1} of "${happening.port}": ${happening.what}`;
    case 'outage':
      return `from ${clockText(happening.from)} to ${clockText(happening.until)} the ${happening.of} is away`;
    case 'timer':
      return `at ${clockText(happening.at)} the ${happening.of} is started once more`;
    case 'clock':
      return `from ${clockText(happening.at)} the clock of producer container ${happening.container + 1} is off by ${happening.offBy} ms`;
    case 'foreign':
      return `at ${clockText(happening.at)} somebody puts ${JSON.stringify(happening.text)} on the stream`;
    case 'vendor': {
      const { id, type, changed, text } = happening.said;
      return `at ${clockText(happening.at)} the vendor says of ${type} ${id}: ${JSON.stringify(text.slice(0, 12))}, dated ${clockText(Math.max(0, changed) * 1000)}`;
    }
  }
}
