/**
 * The record types that are Heimdallr's own: the debit side of its double-entry bookkeeping.
 *
 * Every page of a poll also puts a `poll_page` on the stream that says what the page emitted; every refused
 * record leaves a `rejected_record`. With the loader's receipts, emitted = delivered + rejected can be checked
 * per run, and a minute without vendor data still proves that the whole path is alive.
 */
import { boolean, integer, nullable, superJson, timestamp, truncatedFields, varchar } from './columns.ts';
import { defineRecord, MAX_KEY_BYTES } from './record.ts';

export const pollPage = defineRecord({
  name: 'poll_page',
  version: 1,
  description: 'One page of one poll: what it put on the stream. Also the heartbeat of a feed.',
  key: ['run_id', 'page'],
  occurredAt: 'polled_at',
  columns: {
    run_id: varchar(40, 'The run of the producer; sorts by time.'),
    page: integer('Counts the pages of the run, from 1.'),
    producer: varchar(64, 'The producer.'),
    walk: nullable(
      varchar(64, "Name of the walk through the past that it belongs to; null for the feed's own polling."),
    ),
    polled_at: timestamp('When the page was put on the stream, UTC.'),
    first_seq: integer("Number of the page's first record; its poll_page has the number after the last."),
    emitted: superJson(
      8192,
      'Record type → how many records this page put on the stream, itself not counted.',
    ),
    unchanged: integer('Records read again without change, and therefore not sent again.'),
    requests: integer('Requests made to the vendor so far in this run.'),
    is_caught_up: boolean('True when the vendor had nothing more that was unread.'),
    newest_fact_at: nullable(timestamp('Newest time of a fact on the page; null when the page is empty.')),
  },
});

export const rejectedRecord = defineRecord({
  name: 'rejected_record',
  version: 1,
  description: 'A record that the transform refused. The record itself is kept whole in the quarantine.',
  key: ['run_id', 'seq', 'digest'],
  occurredAt: 'rejected_at',
  columns: {
    run_id: varchar(40, 'The run that put it on the stream; "unknown" when that cannot be read.'),
    seq: integer('Its number within the run; 0 when that cannot be read.'),
    digest: varchar(64, "SHA-256 of the record's bytes, in hex; the quarantine carries the same."),
    rejected_type: nullable(varchar(64, 'Record type it claimed to be; null when that cannot be read.')),
    rejected_version: nullable(integer('Version it claimed.')),
    rejected_key: nullable(varchar(MAX_KEY_BYTES, 'Record key it claimed.')),
    happened_at: nullable(timestamp('When it says it happened, UTC; null when that cannot be read.')),
    rejected_at: timestamp('When it was refused, UTC.'),
    size_bytes: integer('Its size.'),
    reasons: varchar(4096, 'Why, one reason a line.'),
    truncated_fields: truncatedFields(),
  },
});

export const sourceCount = defineRecord({
  name: 'source_count',
  version: 1,
  description:
    'How many facts the vendor says it holds in a span; the loader compares it with the final table.',
  key: ['feed', 'record_type', 'span_column', 'span_from', 'span_to', 'scope'],
  occurredAt: 'counted_at',
  columns: {
    feed: varchar(128, 'The feed.'),
    record_type: varchar(64, 'What is counted.'),
    span_column: varchar(63, 'The column over which the span runs.'),
    span_from: varchar(32, 'First value of the span: an instant in ISO or a number.'),
    span_to: varchar(32, 'First value beyond the span.'),
    scope: varchar(512, 'Columns and values that narrow it, as JSON; {}: all of the feed.'),
    at_source: integer('Facts in the span.'),
    walk_since: timestamp('A walk from here on reads the whole span, UTC.'),
    counted_at: timestamp('When the vendor was asked, UTC.'),
  },
});

/** Record types that exist without any producer. */
export const ledgerRecords = [pollPage, rejectedRecord, sourceCount];

const { feed, record_type, span_column, span_from, span_to, scope, at_source, walk_since, counted_at } =
  sourceCount.columns;

/** Columns of `heimdallr.reconciliation`; its key is that of a source count. */
export const reconciliationColumns = {
  ...{ feed, record_type, span_column, span_from, span_to, scope, at_source },
  in_warehouse: integer('Rows of the span in the final table.'),
  rejected: integer('Refused records that explain a difference; the rejected_record says why each was.'),
  missing: integer('Facts at the source that are neither here nor rejected.'),
  repaired: integer('Rows that came back after they had been found missing.'),
  comparisons: integer('Comparisons in a row that found something missing.'),
  status: varchar(
    16,
    'equal; surplus: more here, as when the source has deleted; differs: a walk will read it again; repaired; stays: walks did not help.',
  ),
  ...{ walk_since, counted_at },
  checked_at: timestamp('When the loader compared, UTC.'),
};
