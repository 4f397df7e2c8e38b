/**
 * The job of a workflow. A rerun "from failed" lists the jobs that it did not have to repeat under their old ids, so
 * the workflow is part of the key.
 */
import {
  bigint,
  type JsonValue,
  nullable,
  person,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';
import { durationOf } from './read.ts';

export const job = defineRecord({
  name: 'circleci_job',
  version: 1,
  description: 'A job as one run of a workflow lists it; read again until the workflow has ended.',
  key: ['workflow_id', 'id'],
  occurredAt: 'started_at',
  columns: {
    workflow_id: varchar(36, 'Workflow that lists it.'),
    id: varchar(36, 'Job id; a rerun can list a job that ran before.'),
    pipeline_id: nullable(varchar(36, 'Pipeline of the workflow.')),
    project_slug: nullable(varchar(1020, 'Project, as CircleCI addresses it.')),
    name: nullable(varchar(1020, 'Name of the job.')),
    type: nullable(varchar(64, 'build, or approval for one that waits for a person.')),
    status: nullable(
      varchar(
        64,
        'success, failed, canceled, timedout, infrastructure_fail…; blocked, queued, running, on_hold until then.',
      ),
    ),
    job_number: nullable(bigint('Counts the jobs of the project; null for one that never ran.')),
    dependencies: nullable(superJson(16_384, 'Ids of the jobs that must be done before.')),
    approved_by: nullable(person(varchar(64, 'CircleCI user who approved it.'))),
    canceled_by: nullable(person(varchar(64, 'CircleCI user who cancelled it.'))),
    started_at: nullable(timestamp('When it started, UTC; null for one that never did.')),
    stopped_at: nullable(timestamp('When it ended, UTC; null until then.')),
    duration_ms: nullable(bigint('Milliseconds that it ran.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one job of a workflow; both may be any JSON. */
export function jobOf(row: JsonValue, workflow: JsonValue): Emitted {
  return asSent(job, {
    workflow_id: at(workflow, 'id'),
    id: at(row, 'id'),
    pipeline_id: at(workflow, 'pipeline_id'),
    project_slug: text(at(row, 'project_slug')),
    name: text(at(row, 'name')),
    type: text(at(row, 'type')),
    status: text(at(row, 'status')),
    job_number: digits(at(row, 'job_number')),
    dependencies: at(row, 'dependencies'),
    approved_by: at(row, 'approved_by'),
    canceled_by: at(row, 'canceled_by'),
    started_at: at(row, 'started_at'),
    stopped_at: at(row, 'stopped_at'),
    duration_ms: durationOf(at(row, 'started_at'), at(row, 'stopped_at')),
  });
}
