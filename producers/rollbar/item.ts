/**
 * The item: what Rollbar groups occurrences into. It changes in place, so the newest state is the row.
 *
 * The list and the single item differ in types (`last_modified_by` is a number here and text there), and
 * reports say in numbers what the list says in words. Words are what the table holds.
 */
import {
  bigint,
  boolean,
  integer,
  type JsonValue,
  nullable,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, flag, instant, named, text, whole } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const item = defineRecord({
  name: 'rollbar_item',
  version: 1,
  description: 'A Rollbar item, the group of alike occurrences, as it was seen last.',
  key: ['project_id', 'id'],
  occurredAt: 'last_occurrence_at',
  columns: {
    project_id: bigint('Rollbar project.'),
    id: bigint('Item id.'),
    counter: nullable(integer('Number of the item within the project, as in its address.')),
    title: nullable(varchar(1020, 'Title as Rollbar shows it.')),
    status: nullable(varchar(64, 'active, resolved, muted or archived.')),
    level: nullable(varchar(64, 'critical, error, warning, info or debug.')),
    environment: nullable(varchar(1020, 'Environment of its occurrences.')),
    framework: nullable(varchar(256, 'Framework as Rollbar classifies it.')),
    platform: nullable(varchar(256, 'Platform as Rollbar classifies it.')),
    total_occurrences: nullable(bigint('Occurrences since it was resolved last: it can go down.')),
    unique_occurrences: nullable(bigint('Distinct IP addresses that met it.')),
    first_occurrence_id: nullable(bigint('Its first occurrence.')),
    first_occurrence_at: nullable(timestamp('When that was received, UTC.')),
    last_occurrence_id: nullable(bigint('Its newest occurrence.')),
    last_occurrence_at: nullable(timestamp('When that was received, UTC.')),
    activating_occurrence_id: nullable(bigint('The occurrence that made it active the last time.')),
    last_activated_at: nullable(timestamp('When it became active the last time, UTC.')),
    last_resolved_at: nullable(timestamp('When it was resolved the last time, UTC.')),
    last_muted_at: nullable(timestamp('When it was muted the last time, UTC.')),
    resolved_in_version: nullable(varchar(160, 'Version of the app in which it was resolved.')),
    assigned_user_id: nullable(bigint('Rollbar user it is assigned to.')),
    assigned_team_id: nullable(bigint('Rollbar team it is assigned to.')),
    last_modified_by: nullable(varchar(64, 'Rollbar user who changed it last.')),
    group_item_id: nullable(bigint('Group that it was merged into.')),
    group_status: nullable(varchar(64, 'native, or group when it was merged from others.')),
    controlling_id: nullable(bigint('Itself, or the group that it was merged into.')),
    hash: nullable(varchar(160, 'Fingerprint by which occurrences find it.')),
    is_level_locked: nullable(boolean('True when a person set its level.')),
    is_title_locked: nullable(boolean('True when a person set its title.')),
    public_item_id: nullable(bigint('Id under which it is shared publicly.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one element of `/items`, which may be any JSON. */
export function itemOf(row: JsonValue): Emitted {
  return asSent(item, {
    project_id: digits(at(row, 'project_id')),
    id: digits(at(row, 'id')),
    counter: whole(at(row, 'counter')),
    title: text(at(row, 'title')),
    status: named(STATUS, at(row, 'status')),
    level: named(LEVEL, at(row, 'level')),
    environment: text(at(row, 'environment')),
    framework: named(FRAMEWORK, at(row, 'framework')),
    platform: named(PLATFORM, at(row, 'platform')),
    total_occurrences: digits(at(row, 'total_occurrences')),
    unique_occurrences: digits(at(row, 'unique_occurrences')),
    first_occurrence_id: digits(at(row, 'first_occurrence_id')),
    first_occurrence_at: instant(at(row, 'first_occurrence_timestamp')),
    last_occurrence_id: digits(at(row, 'last_occurrence_id')),
    last_occurrence_at: instant(at(row, 'last_occurrence_timestamp')),
    activating_occurrence_id: digits(at(row, 'activating_occurrence_id')),
    last_activated_at: instant(at(row, 'last_activated_timestamp')),
    last_resolved_at: instant(at(row, 'last_resolved_timestamp')),
    last_muted_at: instant(at(row, 'last_muted_timestamp')),
    resolved_in_version: text(at(row, 'resolved_in_version')),
    assigned_user_id: digits(at(row, 'assigned_user_id')),
    assigned_team_id: digits(at(row, 'assigned_team_id')),
    last_modified_by: text(at(row, 'last_modified_by')),
    group_item_id: digits(at(row, 'group_item_id')),
    group_status: named(GROUP_STATUS, at(row, 'group_status')),
    controlling_id: digits(at(row, 'controlling_id')),
    hash: text(at(row, 'hash')),
    is_level_locked: flag(at(row, 'level_lock')),
    is_title_locked: flag(at(row, 'title_lock')),
    public_item_id: digits(at(row, 'public_item_id')),
  });
}

// Numbers as Rollbar's reports, webhooks and client libraries use them.
const STATUS = { 1: 'active', 2: 'resolved', 3: 'muted' };
const LEVEL = { 10: 'debug', 20: 'info', 30: 'warning', 40: 'error', 50: 'critical' };
const GROUP_STATUS = { 1: 'native', 2: 'group' };
const PLATFORM = {
  ...{ 0: 'unknown', 1: 'browser', 2: 'flash', 3: 'android', 4: 'ios', 5: 'heroku' },
  ...{ 6: 'google-app-engine', 7: 'client' },
};
const FRAMEWORK = {
  ...{ 0: 'unknown', 1: 'rails', 2: 'django', 3: 'pyramid', 4: 'node-js', 5: 'pylons', 6: 'php' },
  ...{ 7: 'browser-js', 8: 'rollbar-system', 9: 'android', 10: 'ios', 11: 'mailgun', 12: 'logentries' },
  ...{ 13: 'python', 14: 'ruby', 15: 'sidekiq', 16: 'flask', 17: 'celery', 18: 'rq', 19: 'java' },
  ...{ 20: 'dotnet', 21: 'go', 22: 'react-native', 23: 'macos', 24: 'apex', 25: 'spring', 26: 'bottle' },
  ...{ 27: 'twisted', 28: 'asgi', 29: 'starlette', 30: 'fastapi', 31: 'karafka', 32: 'flutter' },
};
