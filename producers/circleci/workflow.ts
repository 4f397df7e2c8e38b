/** The workflow: one run of one workflow of a pipeline. Running it again makes another with a new id. */
import {
  bigint,
  integer,
  type JsonValue,
  nullable,
  person,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, text, whole } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';
import { durationOf } from './read.ts';

export const workflow = defineRecord({
  name: 'circleci_workflow',
  version: 1,
  description: 'A run of a CircleCI workflow; read again until it has ended. A rerun is a row of its own.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: varchar(36, 'Workflow id.'),
    pipeline_id: nullable(varchar(36, 'Pipeline that it belongs to.')),
    pipeline_number: nullable(bigint('Number of that pipeline.')),
    project_slug: nullable(varchar(1020, 'Project, as CircleCI addresses it.')),
    name: nullable(varchar(1020, 'Name of the workflow; reruns have the same.')),
    status: nullable(
      varchar(
        64,
        'success, failed, error, canceled, unauthorized or not_run; running, failing or on_hold until then.',
      ),
    ),
    tag: nullable(varchar(64, 'setup for one that only makes the configuration of the others.')),
    started_by: nullable(person(varchar(64, 'CircleCI user who started it.'))),
    canceled_by: nullable(person(varchar(64, 'CircleCI user who cancelled it.'))),
    errored_by: nullable(person(varchar(64, 'CircleCI user to whom its error is put down.'))),
    auto_rerun_number: nullable(integer('Which automatic rerun it is, from 1.')),
    max_auto_reruns: nullable(integer('How many there can be.')),
    created_at: timestamp('When it was created, UTC.'),
    stopped_at: nullable(timestamp('When it ended, UTC; null until then.')),
    duration_ms: nullable(
      bigint('Milliseconds from its creation to its end, waiting for approvals included.'),
    ),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one workflow, which may be any JSON. */
export function workflowOf(row: JsonValue): Emitted {
  return asSent(workflow, {
    id: at(row, 'id'),
    pipeline_id: at(row, 'pipeline_id'),
    pipeline_number: digits(at(row, 'pipeline_number')),
    project_slug: text(at(row, 'project_slug')),
    name: text(at(row, 'name')),
    status: text(at(row, 'status')),
    tag: text(at(row, 'tag')),
    started_by: at(row, 'started_by'),
    canceled_by: at(row, 'canceled_by'),
    errored_by: at(row, 'errored_by'),
    auto_rerun_number: whole(at(row, 'auto_rerun_number')),
    max_auto_reruns: whole(at(row, 'max_auto_reruns')),
    created_at: at(row, 'created_at'),
    stopped_at: at(row, 'stopped_at'),
    duration_ms: durationOf(at(row, 'created_at'), at(row, 'stopped_at')),
  });
}

const ENDED = ['success', 'failed', 'error', 'canceled', 'unauthorized', 'not_run'];

/** True when it will not change any more. A status that nobody knows yet is taken for one that will. */
export const hasEnded = (row: JsonValue): boolean =>
  at(row, 'stopped_at') !== null && ENDED.includes(String(at(row, 'status')));

export const isSetup = (row: JsonValue): boolean => at(row, 'tag') === 'setup';
