/**
 * The bytes of an answer, and the patience with which they are awaited.
 *
 * What counts against a vendor is only the time we wait for it: while a page is put on the stream nobody reads,
 * and a slow stream of ours must not look like a slow vendor.
 */
import { codeOf, type Fail, Failure, OutOfTime } from './failure.ts';
import type { Clock } from './ports.ts';

export interface Limits {
  /** Longest silence, while connecting, before the answer or within it, in milliseconds. */
  readonly silenceMs: number;
  /** Longest time that one answer may keep us waiting in all, in milliseconds. */
  readonly answerMs: number;
}

export interface StopwatchTools {
  readonly clock: Clock;
  /** Milliseconds until the run must stop asking. */
  readonly remaining: () => number;
  readonly limits: Limits;
  readonly fail: Fail;
}

/** Awaits a part of an answer. @param giveUp makes the part fail when it is late. */
export type Wait = <T>(part: Promise<T>, giveUp: () => void) => Promise<T>;

/** The patience for one answer: each part must come soon, and all of them together must not take too long. */
export function stopwatch({ clock, remaining, limits, fail }: StopwatchTools): Wait {
  let left = limits.answerMs;
  return async (part, giveUp) => {
    const time = remaining();
    const limit = Math.max(Math.min(limits.silenceMs, left, time), 0);
    const isLastOfAnswer = limit === left;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      giveUp();
    }, limit);
    const started = clock.now().getTime();
    try {
      return await part;
    } catch (error) {
      if (!isLate) throw error;
      if (limit === Math.max(time, 0)) throw new OutOfTime('the time was up within an answer');
      const what = isLastOfAnswer ? `no whole answer in ${limits.answerMs} ms` : `silence for ${limit} ms`;
      throw fail('unavailable', what, { isPassing: true });
    } finally {
      clearTimeout(timer);
      left -= Math.max(clock.now().getTime() - started, 0);
    }
  };
}

/** What is read from: a Node stream, as axios hands it over. */
interface Source extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

/** The chunks of a body, each awaited with patience; whoever stops reading closes the connection. */
export async function* chunksOf(body: Source, wait: Wait, fail: Fail): AsyncGenerator<Uint8Array, void> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await wait(chunks.next(), () => body.destroy(new Error('late')));
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof Failure || error instanceof OutOfTime) throw error;
    throw fail('unavailable', `the answer broke off (${codeOf(error)})`, { isPassing: true });
  } finally {
    body.destroy();
  }
}
