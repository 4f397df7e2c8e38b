/**
 * How a program here talks to a person: lines that stay, one line that changes, a last line of JSON for scripts, exit
 * codes, and Ctrl-C.
 */
import type { Writable } from 'node:stream';
import { UsageError } from './command-line.ts';

/** 0: all is done; 1: something is not; 2: the command line cannot be followed; 130: stopped before the end. */
export type ExitCode = 0 | 1 | 130;

export interface Screen {
  /** A line that stays. */
  print(line: string): void;
  /** The line that changes; away from a terminal it is printed now and then. */
  show(line: string): void;
  /** Takes the changing line away. */
  clear(): void;
}

/** What a program gets. */
export interface Tools {
  readonly args: readonly string[];
  readonly screen: Screen;
  readonly now: () => Date;
  /** Waits; ends early when the program is stopped. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Aborted by Ctrl-C: end after what is in hand. */
  readonly stopped: AbortSignal;
}

/** Away from a terminal the changing line is printed at most so often. */
const QUIET_MS = 10_000;

export function createScreen(out: Writable & { isTTY?: boolean; columns?: number }, now: () => Date): Screen {
  let isDrawn = false;
  let printedAt = Number.NEGATIVE_INFINITY;
  const clear = (): void => {
    if (isDrawn) out.write('\r\u001B[2K');
    isDrawn = false;
  };
  return {
    clear,
    print(line) {
      clear();
      out.write(`${line}\n`);
    },
    show(line) {
      if (out.isTTY === true) {
        clear();
        out.write(line.slice(0, (out.columns ?? 120) - 1));
        isDrawn = true;
      } else if (now().getTime() - printedAt >= QUIET_MS) {
        printedAt = now().getTime();
        out.write(`${line}\n`);
      }
    },
  };
}

/** Runs a program to its end, and the process with it. */
export async function runProgram(run: (tools: Tools) => Promise<ExitCode>, now: () => Date): Promise<never> {
  const stopping = new AbortController();
  // Whoever reads has read enough, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  const screen = createScreen(process.stdout, now);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second time is meant.
      if (stopping.signal.aborted) process.exit(130);
      screen.print('stopping   after what is in hand; once more to stop at once');
      stopping.abort();
    });
  }
  const tools = {
    ...{ args: process.argv.slice(2), screen, now, stopped: stopping.signal },
    pause: pauseUntil(stopping.signal),
  };
  const code = await run(tools).catch((error: unknown) => {
    screen.clear();
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? 2 : 1;
  });
  // What was written must be out; what still waits, a kept connection, must not keep the program.
  return new Promise(() => process.stdout.write('', () => process.exit(code)));
}

const pauseUntil =
  (signal: AbortSignal) =>
  (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });

/** `[######····]  60 %`; @param fraction from 0 to 1. */
export function bar(fraction: number, width = 24): string {
  const share = Math.min(1, Math.max(0, fraction));
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'·'.repeat(width - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** A length of time as a person says it: 45 s, 12 min, 3 h 20 min, 2 d 4 h. */
export function spoken(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}

export const count = (value: number): string => value.toLocaleString('en-US');

/** `1 record`, `1,234 records`. */
export const many = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
