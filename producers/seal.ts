/**
 * Turns a page into the bytes that travel: records into envelopes, then the page's entry in the books.
 *
 * Entries are made one by one while they are put, because a page and its JSON together would not fit in
 * memory. What cannot travel does not vanish: a `rejected_record` takes its place and its number, so that the
 * books add up, emitted = delivered + rejected.
 */
import { createHash } from 'node:crypto';
import { isTimestamp } from '../contract/checks.ts';
import { conform } from '../contract/conform.ts';
import { MAX_ENVELOPE_BYTES, recordKey, seal } from '../contract/envelope.ts';
import { pollPage, rejectedRecord } from '../contract/ledger.ts';
import type { Entry } from '../contract/put-records.ts';
import type { Body } from '../contract/record.ts';
import { type Emitted, emit, type RecordOf, type RecordType } from '../contract/record.ts';
import type { People } from '../contract/redact.ts';
import type { Scrubber } from './credential.ts';
import type { Unread } from './elements.ts';
import { fingerprint, type UnchangedMemory } from './memory.ts';

/** Where and when the records of a page were seen. */
export interface Origin {
  readonly feed: string;
  readonly producer: string;
  /** Name of the walk; null for the feed's own polling. */
  readonly walk: string | null;
  readonly runId: string;
  /** Instant in UTC; each page of a feed has a later one. */
  readonly observedAt: string;
  /** Instant in UTC, by the clock. */
  readonly now: string;
  readonly people: People;
  readonly scrub: Scrubber;
}

/** A page about to be put. */
export interface PageContent {
  readonly records: readonly Emitted[];
  /** Elements of answers that could not be read, since the page before. */
  readonly unread: readonly Unread[];
  readonly isCaughtUp: boolean;
  /** Counts the pages of the run, from 1. */
  readonly page: number;
  /** Requests made so far in the run. */
  readonly requests: number;
}

/** What a page came to; complete once its entries have been taken. */
export interface Tally {
  readonly emitted: Readonly<Record<string, number>>;
  readonly unchanged: number;
  /** The number of the next page's first record. */
  readonly nextSeq: number;
  /** The page's `poll_page`, to be put when the stream has acknowledged the records that it books. */
  readonly booking: Entry;
  /** To be remembered when the stream has acknowledged the page. */
  readonly facts: Parameters<UnchangedMemory['add']>[0];
}

/** Type under which an element is booked that could not be read. */
const UNKNOWN = 'unknown';

/**
 * Makes the entries of a page's records, and answers what they came to, with the entry of its `poll_page`.
 * @param firstSeq number of the page's first record within the run.
 */
export function* sealPage(
  content: PageContent,
  origin: Origin,
  firstSeq: number,
  memory: UnchangedMemory,
): Generator<Entry, Tally> {
  const emitted: Record<string, number> = {};
  const facts: (readonly [string, string])[] = [];
  let seq = firstSeq;
  let unchanged = 0;
  let newestFactAt: string | null = null;

  /** True when the fact is to be put; books it. */
  const takes = (type: string, identity: string, state: string): boolean => {
    if (memory.has([identity, state])) {
      unchanged += 1;
      return false;
    }
    memory.forget(identity);
    facts.push([identity, state]);
    emitted[type] = (emitted[type] ?? 0) + 1;
    return true;
  };

  for (const { type, values, identity } of newestOfEach(content.records, origin.people)) {
    const body = conform(type, values, origin.people);
    const json = JSON.stringify(body);
    newestFactAt = newer(newestFactAt, body[type.occurredAt]);
    if (!takes(type.name, identity, fingerprint(json))) continue;
    yield sealed(type, origin.scrub.value(body, json), origin, seq, identity);
    seq += 1;
  }
  for (const element of content.unread) {
    const identity = fingerprint(`${UNKNOWN}/${element.sha256}`);
    if (!takes(UNKNOWN, identity, element.sha256)) continue;
    yield rejection(unread(element), origin, seq, identity);
    seq += 1;
  }
  const entry: RecordOf<typeof pollPage> = {
    run_id: origin.runId,
    page: content.page,
    producer: origin.producer,
    walk: origin.walk,
    polled_at: origin.now,
    first_seq: firstSeq,
    emitted,
    unchanged,
    requests: content.requests,
    is_caught_up: content.isCaughtUp,
    newest_fact_at: newestFactAt,
  };
  const booking = sealed(pollPage, entry, origin, seq, identityOf(emit(pollPage, entry), origin.people));
  return { emitted, unchanged, nextSeq: seq + 1, booking, facts };
}

/** Records of a page with their identity, once each: said twice, the last word counts. */
function* newestOfEach(
  records: readonly Emitted[],
  people: People,
): Generator<Emitted & { readonly identity: string }> {
  const identities = records.map((record) => identityOf(record, people));
  const last = new Map(identities.map((identity, index) => [identity, index]));
  for (const [index, record] of records.entries()) {
    const identity = identities[index] ?? '';
    if (last.get(identity) === index) yield { ...record, identity };
  }
}

/** Only the key columns are made to conform: whole bodies of a whole page would not fit in memory. */
function identityOf({ type, values }: Emitted, people: People): string {
  const columns = Object.fromEntries(
    Object.entries(type.columns).filter(([name]) => type.key.includes(name)),
  );
  return fingerprint(`${type.name}/${recordKey(type, conform({ ...type, columns }, values, people))}`);
}

/** Instants written with and without fractions of a second compare as text once the Z is gone. */
function newer(known: string | null, value: unknown): string | null {
  if (typeof value !== 'string' || !isTimestamp(value)) return known;
  return known === null || value.slice(0, -1) > known.slice(0, -1) ? value : known;
}

function sealed(type: RecordType, body: Body, origin: Origin, seq: number, identity: string): Entry {
  const envelope = seal(type, body, {
    feed: origin.feed,
    run_id: origin.runId,
    seq,
    observed_at: origin.observedAt,
  });
  const data = Buffer.from(JSON.stringify(envelope), 'utf8');
  // A newline follows it on the way.
  const limit = MAX_ENVELOPE_BYTES - 1;
  if (data.length <= limit) return { data, partitionKey: partitionKey(identity) };
  const happened = body[type.occurredAt];
  const refused = {
    rejected_type: type.name,
    rejected_version: type.version,
    rejected_key: envelope.record_key,
    happened_at: typeof happened === 'string' && isTimestamp(happened) ? happened : null,
    digest: createHash('sha256').update(data).digest('hex'),
    size_bytes: data.length,
    reasons: `the envelope has ${data.length} bytes, at most ${limit} can travel`,
  };
  return rejection(refused, origin, seq, identity);
}

/** The entry that takes the place of a record which cannot travel. It has its number, and says so in its body. */
function rejection(refused: object, origin: Origin, seq: number, identity: string): Entry {
  const values = { run_id: origin.runId, seq, rejected_at: origin.now, ...refused };
  const body = conform(rejectedRecord, values, origin.people);
  return sealed(rejectedRecord, origin.scrub.value(body, JSON.stringify(body)), origin, seq, identity);
}

function unread({ bytes, sha256, beginning, reason }: Unread): object {
  const [, id] = /"id"\s*:\s*"?([\w-]{1,64})/.exec(beginning) ?? [];
  const which = id === undefined ? 'without an id at its beginning' : `with the id ${id}`;
  return {
    digest: sha256,
    size_bytes: bytes,
    reasons: `an element of the vendor's answer, ${which}, could not be read: it ${reason}`,
  };
}

/** The same fact always goes to the same shard. */
const partitionKey = (identity: string): string => Buffer.from(identity, 'latin1').toString('hex');
