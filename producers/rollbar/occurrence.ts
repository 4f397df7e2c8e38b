/**
 * The occurrence: one error or message, received by Rollbar once.
 *
 * Any part of the payload can be absent, empty or of another type: Rollbar's own system messages have almost no
 * fields, and notifiers differ. What analysts ask for often has a column of its own; the rest is in `payload`.
 * Widths are the documented maxima in characters times four bytes of UTF-8, where there are any; together they
 * stay below the room that the widest payload leaves in an envelope, even if every byte needs an escape.
 */
import {
  bigint,
  boolean,
  integer,
  type JsonValue,
  nullable,
  person,
  smallint,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import {
  asSent,
  at,
  digits,
  elements,
  filled,
  flag,
  instant,
  last,
  milliseconds,
  secondDigits,
  text,
  whole,
} from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';
import { withoutQuery } from '../../contract/redact.ts';
import { payloadRules } from './redaction.ts';

const PAYLOAD_BYTES = 850 * 1024;

export const occurrence = defineRecord({
  name: 'rollbar_occurrence',
  version: 1,
  description: 'One error or message that an app reported to Rollbar.',
  key: ['project_id', 'id'],
  occurredAt: 'occurred_at',
  columns: {
    project_id: bigint('Rollbar project.'),
    id: bigint('Occurrence id, unique in all of Rollbar; its order is nearly that of time.'),
    item_id: nullable(
      bigint('Item it was grouped into when it was received; a member when items are merged.'),
    ),
    occurred_at: timestamp('When Rollbar received it, UTC; the clock of the app is in customer_timestamp.'),
    timestamp_seconds: bigint('The same as unix seconds.'),
    customer_timestamp: nullable(timestamp('When the app says that it happened; its clock may be wrong.')),
    level: nullable(varchar(64, 'critical, error, warning, info or debug.')),
    environment: nullable(varchar(1020, 'Environment of the app, such as production.')),
    platform: nullable(varchar(256, 'Platform as the notifier says, such as browser, ios or linux.')),
    language: nullable(varchar(256, 'Language, possibly with its version.')),
    framework: nullable(varchar(256, 'Framework as the notifier says, possibly with its version.')),
    code_version: nullable(varchar(256, 'Version of the app as it was reported, often a commit.')),
    client_code_version: nullable(varchar(256, "Version of the browser's code, where reported separately.")),
    server_code_version: nullable(varchar(256, "Version or commit of the server's code, where reported.")),
    title: nullable(varchar(1020, 'Title that the app gave; the item has the one Rollbar shows.')),
    body_kind: nullable(varchar(16, 'trace, trace_chain, message or crash_report.')),
    exception_class: nullable(varchar(1020, 'Class of the exception; of a chain, the outermost.')),
    exception_message: nullable(
      varchar(4096, 'Message of that exception, text of a message, or first line of a crash report.'),
    ),
    root_cause_class: nullable(varchar(1020, 'Class of the innermost exception of a chain.')),
    frame_count: nullable(integer("Stack frames of that exception's trace.")),
    top_frame_file: nullable(varchar(1024, 'File of the most recent call, without a query.')),
    top_frame_line: nullable(integer('Line of the most recent call.')),
    top_frame_method: nullable(varchar(512, 'Method of the most recent call.')),
    is_uncaught: nullable(boolean('True when nothing caught the exception; null when not reported.')),
    context: nullable(varchar(1020, 'Where in the app, such as controller#action.')),
    request_url: nullable(varchar(2048, 'Address that was requested, without query and fragment.')),
    request_method: nullable(varchar(64, 'HTTP method of the request.')),
    server_host: nullable(varchar(512, 'Host that ran the code.')),
    server_branch: nullable(varchar(512, 'Branch the code was deployed from.')),
    client_browser: nullable(varchar(1024, 'User agent of the browser.')),
    client_runtime_ms: nullable(bigint('How long the page had been open, in milliseconds.')),
    person_id: nullable(person(varchar(160, 'Person who met it, as the app names them.'))),
    uuid: nullable(varchar(144, 'Id that the client made; unique in the project, not always a UUID.')),
    fingerprint: nullable(varchar(256, 'Grouping key that the app gave.')),
    notifier_name: nullable(varchar(128, 'Library that reported it.')),
    notifier_version: nullable(varchar(128, 'Version of that library.')),
    is_billable: nullable(boolean("False for Rollbar's own messages; null when not reported.")),
    payload_version: nullable(smallint("Version of the payload's format.")),
    payload: nullable(superJson(PAYLOAD_BYTES, 'All that was reported, redacted.')),
    truncated_fields: truncatedFields(),
  },
  redact: { payload: payloadRules },
});

/** The record of one row of `/instances`, which may be any JSON. */
export function occurrenceOf(row: JsonValue): Emitted {
  const data = at(row, 'data');
  const { kind, trace, message, rootCause } = bodyOf(at(data, 'body'));
  const frame = last(at(trace, 'frames'));
  return asSent(occurrence, {
    project_id: digits(at(row, 'project_id')),
    id: digits(at(row, 'id')),
    item_id: digits(at(row, 'item_id')),
    occurred_at: instant(at(row, 'timestamp')),
    timestamp_seconds: secondDigits(at(row, 'timestamp')),
    customer_timestamp: instant(at(data, 'metadata', 'customer_timestamp')),
    level: text(at(data, 'level')),
    environment: text(at(data, 'environment')),
    platform: text(at(data, 'platform')),
    language: text(at(data, 'language')),
    framework: text(at(data, 'framework')),
    code_version: text(at(data, 'code_version')),
    client_code_version: text(at(data, 'client', 'javascript', 'code_version')),
    server_code_version: text(at(data, 'server', 'code_version') ?? at(data, 'server', 'sha')),
    title: text(at(data, 'title')),
    body_kind: kind,
    exception_class: text(at(trace, 'exception', 'class')),
    exception_message: text(message),
    root_cause_class: text(at(rootCause, 'exception', 'class')),
    frame_count: Array.isArray(at(trace, 'frames')) ? elements(at(trace, 'frames')).length : null,
    top_frame_file: address(at(frame, 'filename')),
    top_frame_line: whole(at(frame, 'lineno')),
    top_frame_method: text(at(frame, 'method')),
    is_uncaught: flag(attribute(data, 'is_uncaught')),
    context: text(at(data, 'context')),
    request_url: address(at(data, 'request', 'url')),
    request_method: text(at(data, 'request', 'method')),
    server_host: text(at(data, 'server', 'host')),
    server_branch: text(at(data, 'server', 'branch')),
    client_browser: text(at(data, 'client', 'javascript', 'browser')),
    client_runtime_ms: milliseconds(at(data, 'client', 'runtime_ms')),
    person_id: filled(at(data, 'person', 'id')),
    uuid: text(at(data, 'uuid')),
    fingerprint: text(at(data, 'fingerprint')),
    notifier_name: text(at(data, 'notifier', 'name')),
    notifier_version: text(at(data, 'notifier', 'version')),
    is_billable: flag(at(row, 'billable')),
    payload_version: whole(at(row, 'version')),
    // Only an object can be redacted by its keys; Rollbar takes no other payload.
    payload: isObject(data) ? data : null,
  });
}

interface Body {
  readonly kind: string | null;
  /** The trace, or the outermost of a chain. */
  readonly trace: JsonValue;
  readonly message: JsonValue;
  /** The innermost trace of a chain. */
  readonly rootCause: JsonValue;
}

function bodyOf(body: JsonValue): Body {
  const kind = KINDS.find((name) => at(body, name) !== null) ?? null;
  const chain = at(body, 'trace_chain');
  const trace = kind === 'trace' ? at(body, 'trace') : kind === 'trace_chain' ? at(chain, 0) : null;
  const rootCause = kind === 'trace_chain' ? last(chain) : null;
  switch (kind) {
    case 'message':
      return { kind, trace, rootCause, message: at(body, 'message', 'body') };
    case 'crash_report': {
      const raw = at(body, 'crash_report', 'raw');
      return {
        kind,
        trace,
        rootCause,
        message: typeof raw === 'string' ? (raw.split('\n', 1)[0] ?? '') : raw,
      };
    }
    default:
      return { kind, trace, rootCause, message: at(trace, 'exception', 'message') };
  }
}

const KINDS = ['trace', 'trace_chain', 'message', 'crash_report'];

/** A value of `attributes`, which is a list of `{key, value}`. */
function attribute(data: JsonValue, key: string): JsonValue {
  return at(elements(at(data, 'attributes')).find((pair) => at(pair, 'key') === key) ?? null, 'value');
}

const address = (value: JsonValue): JsonValue =>
  typeof value === 'string' ? withoutQuery(value) : text(value);

const isObject = (value: JsonValue): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
