/** The API of a simulator under the `http` of a poll, in this process: thousands of polls fit into a second. */
import type { JsonValue } from '../contract/columns.ts';
import { type Http, type Page, PollError, type PollErrorKind } from '../contract/producer.ts';
import type { Emitted } from '../contract/record.ts';

export interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly ms: number;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface InProcess {
  readonly http: Http;
  /** The vendor's clock and ours, in milliseconds; every request takes a second of it. */
  clock: number;
  readonly requests: Asked[];
  /** Answers in the place of the API. */
  disturb: (path: string) => Answered | null;
}

const KINDS: Readonly<Record<number, PollErrorKind>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  410: 'not_found',
};

const lower = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** A vendor whose API is this function. */
export function inProcess(clock: number, api: (asked: Asked) => Answered): InProcess {
  const self: InProcess = {
    ...{ clock, requests: [], disturb: () => null },
    http: {
      async get(path, query = {}, headers = {}) {
        self.clock += 1000;
        const asked: Asked = {
          path,
          query: Object.fromEntries(
            Object.entries(query).flatMap(([name, value]) =>
              value === undefined ? [] : [[name, String(value)]],
            ),
          ),
          headers: lower(headers),
          ms: self.clock,
        };
        self.requests.push(asked);
        const { status, headers: answered, body } = self.disturb(path) ?? api(asked);
        if (status >= 400)
          throw new PollError(KINDS[status] ?? 'unexpected_response', `status ${status}`, { status });
        return {
          status,
          headers: lower(answered),
          body: status === 304 ? null : (JSON.parse(body) as JsonValue),
        };
      },
      stream: () => {
        throw new Error('this vendor has no answers so large that they would be streamed');
      },
    },
  };
  return self;
}

/** The tables after these records: the newest state of every fact, by its key. */
export function merged(records: readonly Emitted[]): ReadonlyMap<string, Emitted['values']> {
  return new Map(
    records.map(({ type, values }) => [
      `${type.name} ${type.key.map((name) => values[name]).join(' ')}`,
      values,
    ]),
  );
}

/** The cursor that the last page leaves. */
export function cursorOf<Cursor>(pages: readonly Page<Cursor>[]): Cursor {
  const page = pages.at(-1);
  if (page === undefined) throw new Error('the poll yielded no page');
  return page.cursor;
}

export interface Trial<Cursor> {
  /** One run from this cursor. */
  readonly poll: (cursor: Cursor | null) => AsyncIterable<Page<Cursor>>;
  readonly vendor: InProcess;
  /** Until then a run starts every minute, in milliseconds. */
  readonly until: number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Told of every cursor. */
  readonly onCursor: (cursor: Cursor) => void;
}

/** Runs every minute, some cut off after a few pages, some of whose last cursor is lost; then one to the end. */
export async function pollEveryMinute<Cursor>(trial: Trial<Cursor>): Promise<readonly Emitted[]> {
  const { poll, vendor, until, random, onCursor } = trial;
  const records: Emitted[] = [];
  let cursor: Cursor | null = null;
  while (vendor.clock < until) {
    const started = vendor.clock;
    let allowed = random() < 0.3 ? 1 + Math.floor(random() * 3) : Number.POSITIVE_INFINITY;
    for await (const page of poll(cursor)) {
      records.push(...page.records);
      allowed -= 1;
      if (allowed <= 0 && random() < 0.5) break; // The page is on the stream, its cursor is not saved.
      cursor = page.cursor;
      onCursor(cursor);
      if (allowed <= 0) break;
    }
    vendor.clock = Math.max(vendor.clock, started + 60_000);
  }
  for await (const page of poll(cursor)) records.push(...page.records);
  return records;
}
