/** What a run of a workflow cost. CircleCI works it out once a day, in a list of its own: a record of its own. */
import {
  bigint,
  boolean,
  type JsonValue,
  nullable,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const usage = defineRecord({
  name: 'circleci_workflow_usage',
  version: 1,
  description: 'Credits that a run of a CircleCI workflow used, as CircleCI works them out once a day.',
  key: ['workflow_id'],
  occurredAt: 'created_at',
  columns: {
    workflow_id: varchar(36, 'Workflow id.'),
    name: nullable(varchar(1020, 'Name of the workflow.')),
    branch: nullable(varchar(1020, 'Branch that it ran on.')),
    status: nullable(varchar(64, 'How it ended; null while it runs.')),
    is_approval: nullable(boolean('True when it waited for an approval.')),
    credits_used: nullable(bigint('Credits.')),
    duration_seconds: nullable(bigint('Seconds that it ran.')),
    created_at: timestamp('When it was created, UTC.'),
    stopped_at: nullable(timestamp('When it ended, UTC.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one run of a workflow of this name, which may be any JSON. */
export function usageOf(row: JsonValue, name: JsonValue): Emitted {
  return asSent(usage, {
    workflow_id: at(row, 'id'),
    name: text(name),
    branch: text(at(row, 'branch')),
    status: text(at(row, 'status')),
    is_approval: at(row, 'is_approval'),
    credits_used: digits(at(row, 'credits_used')),
    duration_seconds: digits(at(row, 'duration')),
    created_at: at(row, 'created_at'),
    stopped_at: at(row, 'stopped_at'),
  });
}
