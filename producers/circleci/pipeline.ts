/**
 * The pipeline: everything that one push, schedule or call set off. It says which commit, and nothing of the outcome.
 *
 * A project of CircleCI's GitHub App has no `vcs`: its commit stands among the trigger's parameters.
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
import { asSent, at, digits, filled, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const pipeline = defineRecord({
  name: 'circleci_pipeline',
  version: 1,
  description: 'A CircleCI pipeline: what set it off, and for which commit.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: varchar(36, 'Pipeline id.'),
    number: bigint('Counts the pipelines of the project, from 1.'),
    project_slug: nullable(varchar(1020, 'Project, as CircleCI addresses it.')),
    state: nullable(
      varchar(64, 'created, errored, setup-pending, setup or pending; not the outcome of its workflows.'),
    ),
    errors: nullable(superJson(65_535, 'Why it could not run, an array of type and message.')),
    trigger_type: nullable(varchar(64, 'webhook, explicit, api, scheduled_pipeline…')),
    triggered_by: nullable(person(varchar(256, 'Login of whoever set it off.'))),
    received_at: nullable(timestamp('When the trigger was received, UTC.')),
    repository_url: nullable(varchar(1020, 'Repository that was built.')),
    git_sha: nullable(varchar(64, 'Commit that was built.')),
    branch: nullable(varchar(1020, 'Branch that was built; null for a tag.')),
    tag: nullable(varchar(1020, 'Tag that was built.')),
    commit_subject: nullable(varchar(1020, 'First line of the message of the commit.')),
    created_at: timestamp('When it was created, UTC.'),
    updated_at: nullable(timestamp('When it changed last, UTC; the end of its workflows does not count.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one pipeline, which may be any JSON. */
export function pipelineOf(row: JsonValue): Emitted {
  const git = (name: string): JsonValue => filled(at(row, 'trigger_parameters', 'git', name));
  return asSent(pipeline, {
    id: at(row, 'id'),
    number: digits(at(row, 'number')),
    project_slug: text(at(row, 'project_slug')),
    state: text(at(row, 'state')),
    errors: at(row, 'errors'),
    trigger_type: text(at(row, 'trigger', 'type')),
    triggered_by: text(at(row, 'trigger', 'actor', 'login')),
    received_at: at(row, 'trigger', 'received_at'),
    repository_url: text(at(row, 'vcs', 'target_repository_url')),
    git_sha: text(at(row, 'vcs', 'revision') ?? git('checkout_sha')),
    branch: text(at(row, 'vcs', 'branch') ?? git('branch')),
    tag: text(at(row, 'vcs', 'tag') ?? git('tag')),
    commit_subject: text(at(row, 'vcs', 'commit', 'subject')),
    created_at: at(row, 'created_at'),
    updated_at: at(row, 'updated_at'),
  });
}
