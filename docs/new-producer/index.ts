/**
 * The newcomer producer: events of one project.
 *
 * Every run reads the events created since the oldest one that was still open, a window at a time; the cursor moves
 * when a window has been read to its end.
 */
import { nullable, person, timestamp, truncatedFields, varchar } from '../../contract/columns.ts';
import { defineProducer, type Page, type PollContext, PollError } from '../../contract/producer.ts';
import { asSent, at, text } from '../../contract/read.ts';
import { defineRecord } from '../../contract/record.ts';

const event = defineRecord({
  name: 'newcomer_event',
  version: 1,
  description: 'An event of a newcomer project; read again until it has finished.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: varchar(64, 'Event id.'),
    state: nullable(varchar(64, 'open, done or failed.')),
    title: nullable(varchar(1020, 'What it says.')),
    created_by: nullable(person(varchar(256, 'Who made it.'))),
    created_at: timestamp('When it was created, UTC.'),
    finished_at: nullable(timestamp('When it finished, UTC; null until then.')),
    truncated_fields: truncatedFields(),
  },
});

interface Cursor {
  /** Events created before then have been read and have finished, ISO time. */
  readonly from: string;
}

export default defineProducer({
  name: 'newcomer',
  description: 'Events of a newcomer project.',
  records: [event],
  baseUrl: 'https://api.newcomer.example',
  secret: {
    description: 'A token that may read: newcomer, Settings, Tokens.',
    headers: (token: string) => ({ Authorization: `Bearer ${token}` }),
  },
  // Retry-After is understood for every vendor.
  waitSeconds: () => null,
  refusal: () => null,
  settings: {
    project: { type: 'string', description: 'Name of the project.' },
  },
  everyMinutes: 1,
  poll,
});

const DAY_MS = 86_400_000;
/** An event that nobody finished in so long never will be. */
const GIVEN_UP_MS = 7 * DAY_MS;
/** An event can be shown so much later than it was created. */
const OVERLAP_MS = 10 * 60_000;

async function* poll(
  context: PollContext<Cursor, { readonly project: string }>,
): AsyncGenerator<Page<Cursor>> {
  const now = context.now().getTime();
  let cursor = context.cursor ?? { from: context.since.toISOString() };
  let oldestOpen = now;
  for (let from = Date.parse(cursor.from); from < now; from += DAY_MS) {
    const to = Math.min(from + DAY_MS, now);
    for (let page = 1, isMore = true; isMore; page += 1) {
      const rows = await eventsOf(context, { created_from: iso(from), created_to: iso(to), page });
      isMore = rows.length === PAGE_ROWS;
      for (const row of rows) {
        const created = Date.parse(String(at(row, 'created_at')));
        const isOpen = at(row, 'finished_at') === null && created > now - GIVEN_UP_MS;
        if (isOpen) oldestOpen = Math.min(oldestOpen, created);
      }
      const readTo = to === now ? now - OVERLAP_MS : to;
      const next = Math.max(Date.parse(cursor.from), Math.min(oldestOpen, readTo));
      if (!isMore) cursor = { from: iso(next) };
      yield { records: rows.map(recordOf), cursor, isCaughtUp: !isMore && to === now };
    }
  }
}

const PAGE_ROWS = 100;

const iso = (ms: number): string => new Date(ms).toISOString();

const recordOf = (row: Parameters<typeof at>[0]) =>
  asSent(event, {
    id: text(at(row, 'id')),
    state: text(at(row, 'state')),
    title: text(at(row, 'title')),
    created_by: text(at(row, 'created_by')),
    created_at: at(row, 'created_at'),
    finished_at: at(row, 'finished_at'),
  });

async function eventsOf(
  { http, settings }: PollContext<Cursor, { readonly project: string }>,
  query: Readonly<Record<string, string | number>>,
) {
  const path = `/projects/${encodeURIComponent(settings.project)}/events`;
  const { body, status } = await http.get(path, { ...query, per_page: PAGE_ROWS });
  if (Array.isArray(body)) return body;
  throw new PollError(
    'unexpected_response',
    `GET ${path}: expected a list, got status ${status} without one; compare with newcomer's reference`,
  );
}
