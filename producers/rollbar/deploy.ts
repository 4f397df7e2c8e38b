/** The deploy: a version of the app going live, as the team told Rollbar. It is read again until it has settled. */
import {
  bigint,
  type JsonValue,
  nullable,
  person,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, filled, instant, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const deploy = defineRecord({
  name: 'rollbar_deploy',
  version: 1,
  description: 'A deploy that the team reported to Rollbar; its status changes until it has settled.',
  key: ['project_id', 'id'],
  occurredAt: 'started_at',
  columns: {
    project_id: bigint('Rollbar project.'),
    id: bigint('Deploy id.'),
    environment: nullable(varchar(1020, 'Environment it went to.')),
    revision: nullable(varchar(1020, 'What was deployed: often a commit, but any text.')),
    status: nullable(varchar(64, 'started, succeeded, failed or timed_out.')),
    started_at: nullable(timestamp('When it began, UTC.')),
    finished_at: nullable(timestamp('When it ended, UTC; null while it runs.')),
    local_username: nullable(person(varchar(1020, 'Who deployed, as their machine names them.'))),
    user_id: nullable(bigint('Rollbar user who deployed.')),
    // Rollbar takes 64 KB, which would not leave the envelope room for escapes.
    comment: nullable(varchar(16_384, 'What the team wrote about it.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one deploy, which may be any JSON. */
export function deployOf(row: JsonValue): Emitted {
  return asSent(deploy, {
    project_id: digits(at(row, 'project_id')),
    id: digits(at(row, 'id')),
    environment: text(at(row, 'environment')),
    revision: text(at(row, 'revision')),
    status: text(at(row, 'status')),
    started_at: instant(at(row, 'start_time')),
    finished_at: instant(at(row, 'finish_time')),
    local_username: filled(at(row, 'local_username')),
    user_id: digits(at(row, 'user_id')),
    comment: text(at(row, 'comment')),
  });
}
