/**
 * Puts back on the stream what is kept in the archive bucket, and moves away what is back.
 *
 * An object is done with in three steps: its chosen records are put until every one is acknowledged; a copy of them is
 * written below `redriven/`; then they are taken out of the object, which is removed once it is empty. Whoever is stopped in
 * between, or does it twice at the same time, repeats records and loses none. So what stands in the quarantine is what is
 * still to be done: a record that is rejected again is there again, once, and its row is replaced, not doubled.
 */
import { PREFIX } from '../../contract/archive.ts';
import { type PutTools, putAll } from '../../contract/put-records.ts';
import type { Objects } from '../ports.ts';
import { readGivenUp } from './given-up.ts';
import { digestOf, isWhole, type Kept, type KeptRecord } from './kept.ts';
import { readQuarantine } from './quarantine.ts';

/** Which records; null: whichever. */
export interface Choice {
  readonly since: Date | null;
  readonly until: Date | null;
  readonly type: string | null;
  readonly reason: string | null;
}

export interface RedriveTools {
  readonly objects: Objects;
  readonly put: Omit<PutTools, 'otherwise' | 'remaining'>;
  /** Told after each object. */
  readonly onObject: (done: number, all: number, tally: Tally) => void;
  readonly stopped: AbortSignal;
}

/** Records that a person must know of by name. */
export interface Stuck {
  readonly key: string;
  readonly place: string;
  readonly type: string | null;
  readonly problem: string;
}

export interface Tally {
  /** Objects in which something was chosen. */
  readonly objects: number;
  /** Records put back; in a dry run, that would be. */
  readonly records: number;
  /** Chosen, but kept more than once and put once. */
  readonly repeats: number;
  /** `type<TAB>reason` → records. */
  readonly byReason: ReadonlyMap<string, number>;
  readonly stuck: readonly Stuck[];
}

/** Where records are kept, and how to read them there. */
const SOURCES: readonly (readonly [prefix: string, read: (bytes: Buffer) => Kept])[] = [
  [PREFIX.givenUp, readGivenUp],
  [PREFIX.quarantine, readQuarantine],
];

/** A bucket's clock and the transform's differ by less. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** Objects in work at once: in an account each takes some round trips. */
const AT_ONCE = 8;

/** A stream that refuses records for so long is too narrow: a person must know. */
const PATIENCE_MS = 5 * 60_000;

export interface RedriveOptions {
  readonly choice: Choice;
  readonly isDryRun: boolean;
  readonly isAgain: boolean;
}

/**
 * Puts back what is chosen.
 * @returns what was done; less than everything when it was stopped.
 * @throws {Error} when the bucket or the stream cannot be used. What was put back until then is moved away.
 */
export async function redrive(options: RedriveOptions, tools: RedriveTools): Promise<Tally> {
  const { objects, onObject, stopped } = tools;
  // Whatever is in an object was rejected before the object was written.
  const writtenSince = new Date((options.choice.since?.getTime() ?? 0) - CLOCKS_DIFFER_MS);
  const work: { readonly key: string; readonly read: (bytes: Buffer) => Kept; readonly isDone: boolean }[] =
    [];
  for (const [prefix, read] of SOURCES) {
    for (const folder of options.isAgain ? [prefix, `${PREFIX.redriven}${prefix}`] : [prefix]) {
      for (const key of await objects.list(folder, writtenSince))
        work.push({ key, read, isDone: folder !== prefix });
    }
  }
  const tally = new Count();
  /** Digests of what is, or is being, put: the transform keeps a record as often as it sees it. */
  const put = new Set<string>();
  let [done, hasFailed] = [0, false];
  const queue = work.values();
  const worker = async (): Promise<void> => {
    // One queue for all workers: each takes what is next.
    for (const { key, read, isDone } of queue) {
      if (stopped.aborted || hasFailed) return;
      try {
        const bytes = await objects.read(key);
        // Somebody else has redriven it meanwhile.
        if (bytes !== null)
          await redriveObject({ key, kept: read(bytes), isDone }, { options, tools, tally, put });
      } catch (error) {
        hasFailed = true;
        throw error;
      }
      done += 1;
      onObject(done, work.length, tally);
    }
  };
  // All end what they have in hand before the first failure is told.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return tally;
}

interface Context {
  readonly options: RedriveOptions;
  readonly tools: RedriveTools;
  readonly tally: Count;
  readonly put: Set<string>;
}

async function redriveObject(
  { key, kept, isDone }: { readonly key: string; readonly kept: Kept; readonly isDone: boolean },
  { options: { choice, isDryRun }, tools, tally, put }: Context,
): Promise<void> {
  const chosen = [...kept.records.entries()].filter(([, record]) => isChosen(record, choice));
  if (chosen.length === 0) return;
  const whole = chosen.flatMap(([index, { type, reason, record }]) =>
    isWhole(record) ? [{ index, type, reason, ...record }] : [],
  );
  const first = new Map(whole.filter(({ digest }) => !put.has(digest)).map((each) => [each.digest, each]));
  const entries = [...first.values()].map(({ entry }) => entry);
  // Before they are acknowledged: should that fail, this object still has them.
  for (const digest of first.keys()) put.add(digest);
  if (!isDryRun) await putBack(entries, tools);
  tally.object(key, chosen, [...first.values()], whole.length - first.size);
  if (isDryRun || isDone || whole.length === 0) return;

  const gone = new Set(whole.map(({ index }) => index));
  const rest = [...kept.records.keys()].filter((index) => !gone.has(index));
  // The same part has the same name, so that a repeat writes it once; another part of the object has another.
  const part = digestOf(Buffer.from(whole.map(({ digest }) => digest).join())).slice(0, 12);
  await tools.objects.write(`${PREFIX.redriven}${key}-${part}`, kept.part([...gone]));
  if (rest.length === 0) await tools.objects.remove(key);
  else await tools.objects.write(key, kept.part(rest));
}

async function putBack(entries: readonly PutEntry[], { put }: RedriveTools): Promise<void> {
  let waited = 0;
  const clock = {
    sleep(milliseconds: number): Promise<void> {
      waited += milliseconds;
      return put.clock.sleep(milliseconds);
    },
  };
  await putAll(entries.values(), {
    ...put,
    clock,
    remaining: () => PATIENCE_MS - waited,
    otherwise: 'they are kept where they are, the same command goes on',
  });
}

type PutEntry = Parameters<PutTools['stream']['put']>[0][number];

function isChosen({ at, type, reason }: KeptRecord, choice: Choice): boolean {
  if (choice.since !== null && (at === null || at < choice.since)) return false;
  if (choice.until !== null && (at === null || at >= choice.until)) return false;
  if (choice.type !== null && type !== choice.type) return false;
  return choice.reason === null || reason.includes(choice.reason);
}

class Count implements Tally {
  objects = 0;
  records = 0;
  repeats = 0;
  readonly byReason = new Map<string, number>();
  readonly stuck: Stuck[] = [];

  object(
    key: string,
    chosen: readonly (readonly [number, KeptRecord])[],
    put: readonly Pick<KeptRecord, 'type' | 'reason'>[],
    repeats: number,
  ): void {
    this.objects += 1;
    this.records += put.length;
    this.repeats += repeats;
    for (const { type, reason } of put) {
      const name = `${type ?? 'unknown'}\t${reason.split('\n', 1)[0] || 'no reason'}`;
      this.byReason.set(name, (this.byReason.get(name) ?? 0) + 1);
    }
    for (const [, { place, type, record }] of chosen)
      if (!isWhole(record)) this.stuck.push({ key, place, type, problem: record.problem });
  }
}
