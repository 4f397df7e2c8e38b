/**
 * A Rollbar small enough to be read at a glance: rows that appear late, ids that run ahead, three orderings.
 *
 * The simulator speaks HTTP and knows apps; this one is a few functions, so that thousands of polls fit into a
 * second, and was written from the same documents by other eyes.
 */
import type { JsonValue } from '../contract/columns.ts';
import type { Answer, Http, Page, Query } from '../contract/producer.ts';
import type { Cursor } from '../producers/rollbar/cursor.ts';
import rollbar from '../producers/rollbar/index.ts';

/** H1: smaller ids by id. H2: smaller ids by time. H3: what follows the row `lastId` by time. */
export type Ordering = 'H1' | 'H2' | 'H3';

export interface Row {
  readonly id: number;
  /** Received, unix seconds. */
  readonly timestamp: number;
  readonly visibleAt: number;
  deletedAt?: number;
  readonly data?: JsonValue;
}

export interface Vendor {
  readonly http: Http;
  readonly ordering: Ordering;
  readonly rows: Row[];
  sorted: Row[];
  items: Record<string, JsonValue>[];
  deploys: Record<string, JsonValue>[];
  /** Our clock and Rollbar's, unix seconds; every request takes some of it. */
  clock: number;
  readonly requests: { path: string; query: Query }[];
  /** Called before every answer. */
  disturb: (path: string, query: Query) => void;
  ignoresLastId: boolean;
  /** Rows that are taken out of a page after they have been counted, so that pages are short. */
  isHidden: (row: Row) => boolean;
}

export const START = 1_788_260_000;

export function vendor(ordering: Ordering, rows: Row[] = []): Vendor {
  const self: Vendor = {
    ordering,
    rows,
    sorted: [],
    items: [],
    deploys: [],
    clock: START,
    requests: [],
    disturb: () => {},
    ignoresLastId: false,
    isHidden: () => false,
    http: {
      get: async (path, query = {}) => {
        begin(path, query);
        return answer(self, path, query);
      },
      async *stream(path, query) {
        begin(path, query);
        const lastId = query.lastId === undefined || self.ignoresLastId ? null : Number(query.lastId);
        for (const row of listed(self, lastId).slice(0, Number(query.limit))) {
          if (!self.isHidden(row)) yield instance(row);
        }
      },
    },
  };
  function begin(path: string, query: Query): void {
    self.requests.push({ path, query });
    self.clock += 1;
    self.disturb(path, query);
  }
  return self;
}

/** The rows that one can see. */
export function visible({ rows, clock }: Vendor): Row[] {
  return rows.filter(
    ({ visibleAt, deletedAt }) => visibleAt <= clock && !(deletedAt !== undefined && deletedAt <= clock),
  );
}

const byId = (a: Row, b: Row): number => b.id - a.id;
// Within a second, an order that has nothing to do with ids.
const byTime = (a: Row, b: Row): number =>
  b.timestamp - a.timestamp || ((b.id * 7919) % 104_729) - ((a.id * 7919) % 104_729);

/** The visible rows in the vendor's order; sorting once is what makes thousands of polls a matter of seconds. */
function inOrder(self: Vendor): Row[] {
  if (self.sorted.length !== self.rows.length) {
    self.sorted = [...self.rows].sort(self.ordering === 'H1' ? byId : byTime);
  }
  return visible({ ...self, rows: self.sorted });
}

function listed(self: Vendor, lastId: number | null): Row[] {
  const rows = inOrder(self);
  if (lastId === null) return rows;
  const position = rows.findIndex(({ id }) => id === lastId);
  if (self.ordering === 'H3' && position >= 0) return rows.slice(position + 1);
  return rows.filter(({ id }) => id < lastId);
}

const instance = ({ id, timestamp, data }: Row): JsonValue => ({
  id,
  project_id: 7,
  item_id: 1000 + (id % 3),
  timestamp,
  data: data ?? { environment: 'production', body: { message: { body: `m${id}` } } },
});

function answer(self: Vendor, path: string, query: Query): Answer {
  const result = (body: JsonValue): Answer => ({ status: 200, headers: {}, body: { err: 0, result: body } });
  const page = Number(query.page ?? 1);
  if (path === '/api/1/items') {
    const ids = query.ids === undefined ? null : String(query.ids).split(',');
    const statuses = query.status as readonly string[];
    const items = self.items.filter(
      ({ id, status }) => (ids === null || ids.includes(String(id))) && statuses.includes(String(status)),
    );
    return result({ page, total_count: items.length, items: items.slice(100 * (page - 1), 100 * page) });
  }
  if (path === '/api/1/deploys') {
    const limit = Number(query.limit);
    return result({ page, deploys: self.deploys.slice(limit * (page - 1), limit * page) });
  }
  const one = self.deploys.find(({ id }) => path === `/api/1/deploy/${id}`);
  if (one !== undefined) return result(one);
  return { status: 404, headers: {}, body: { err: 1, message: 'Not found' } };
}

export interface PollOptions {
  readonly cursor?: Cursor | null;
  readonly sinceSeconds?: number;
  readonly lookbackMinutes?: number;
  readonly log?: (message: string) => void;
}

/** One run against this vendor. */
export function poll(self: Vendor, options: PollOptions = {}): AsyncIterable<Page<Cursor>> {
  return rollbar.poll({
    http: self.http,
    cursor: options.cursor ?? null,
    settings: { lookback_minutes: options.lookbackMinutes ?? 10 },
    since: new Date((options.sinceSeconds ?? START - 3600) * 1000),
    now: () => new Date(self.clock * 1000),
    log: options.log ?? (() => {}),
  });
}

/** All pages of one run. */
export async function pagesOf(self: Vendor, options: PollOptions = {}): Promise<Page<Cursor>[]> {
  const pages: Page<Cursor>[] = [];
  for await (const page of poll(self, options)) pages.push(page);
  return pages;
}

/** Ids of the occurrences on these pages, in their order, as numbers. */
export function occurrenceIds(pages: readonly Page<Cursor>[]): number[] {
  return pages
    .flatMap(({ records }) => records)
    .filter(({ type }) => type.name === 'rollbar_occurrence')
    .map(({ values }) => Number(values.id));
}

/** The cursor that the last page leaves. */
export function cursorOf(pages: readonly Page<Cursor>[]): Cursor {
  const page = pages.at(-1);
  if (page === undefined) throw new Error('the poll yielded no page');
  return page.cursor;
}
