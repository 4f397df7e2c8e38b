/**
 * The workflow run: one attempt of one workflow. Running it again keeps its id and raises the attempt, so that the
 * attempt is part of the key: the failure before a lucky second try is a fact as well.
 */
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

export const workflowRun = defineRecord({
  name: 'github_workflow_run',
  version: 1,
  description: 'One attempt of a run of a GitHub Actions workflow; read again until it is completed.',
  key: ['id', 'run_attempt'],
  occurredAt: 'created_at',
  columns: {
    id: bigint('Run id; all attempts share it.'),
    run_attempt: integer('Counts the attempts of the run, from 1.'),
    repository: nullable(varchar(256, 'Owner and name of the repository.')),
    workflow_id: nullable(bigint('Workflow that ran.')),
    workflow_path: nullable(varchar(1020, 'File of the workflow.')),
    name: nullable(varchar(1020, 'Name of the workflow.')),
    title: nullable(varchar(1020, 'What GitHub shows for the run, often the message of the commit.')),
    run_number: nullable(integer('Counts the runs of the workflow, from 1.')),
    event: nullable(varchar(64, 'What started it: push, pull_request, schedule…')),
    status: nullable(varchar(64, 'queued, in_progress, waiting, requested, pending or completed.')),
    conclusion: nullable(
      varchar(64, 'success, failure, cancelled, skipped, timed_out…; null until completed.'),
    ),
    branch: nullable(varchar(1020, 'Branch that it ran on.')),
    git_sha: nullable(varchar(64, 'Commit that it ran on.')),
    actor_login: nullable(person(varchar(256, 'Who caused the run.'))),
    triggering_actor_login: nullable(person(varchar(256, 'Who started this attempt.'))),
    created_at: timestamp('When the run was created, UTC; the same for all attempts.'),
    run_started_at: nullable(timestamp('When this attempt started, UTC.')),
    updated_at: nullable(
      timestamp('When it changed last, UTC; for one that is completed about when it ended.'),
    ),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one run, which may be any JSON. */
export function workflowRunOf(row: JsonValue): Emitted {
  return asSent(workflowRun, {
    id: digits(at(row, 'id')),
    // GitHub Enterprise Server before 3.1 knows no attempts.
    run_attempt: whole(at(row, 'run_attempt') ?? 1),
    repository: text(at(row, 'repository', 'full_name')),
    workflow_id: digits(at(row, 'workflow_id')),
    workflow_path: text(at(row, 'path')),
    name: text(at(row, 'name')),
    title: text(at(row, 'display_title')),
    run_number: whole(at(row, 'run_number')),
    event: text(at(row, 'event')),
    status: text(at(row, 'status')),
    conclusion: text(at(row, 'conclusion')),
    branch: text(at(row, 'head_branch')),
    git_sha: text(at(row, 'head_sha')),
    actor_login: text(at(row, 'actor', 'login')),
    triggering_actor_login: text(at(row, 'triggering_actor', 'login')),
    created_at: at(row, 'created_at'),
    run_started_at: at(row, 'run_started_at'),
    updated_at: at(row, 'updated_at'),
  });
}
