/** The deployment, with its outcome: GitHub keeps that in a list of statuses of its own, of which the newest counts. */
import {
  bigint,
  boolean,
  type JsonValue,
  nullable,
  person,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, digits, filled, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const deployment = defineRecord({
  name: 'github_deployment',
  version: 1,
  description: 'A GitHub deployment and its newest status; read again until it has ended.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: bigint('Deployment id.'),
    repository: nullable(varchar(256, 'Owner and name of the repository, as the feed names it.')),
    git_sha: nullable(varchar(64, 'Commit that is deployed.')),
    ref: nullable(varchar(1020, 'Branch, tag or commit that was asked for.')),
    task: nullable(varchar(1020, 'What is done, mostly deploy.')),
    environment: nullable(varchar(1020, 'Where it goes.')),
    is_production: nullable(boolean('True when its environment serves users, as the team says.')),
    is_transient: nullable(boolean('True when its environment will not exist for long.')),
    state: nullable(
      varchar(
        64,
        'Newest status: success, failure, error, inactive, queued, pending or in_progress; null when none.',
      ),
    ),
    state_description: nullable(varchar(1020, 'What was said about that status.')),
    state_at: nullable(timestamp('When that status was set, UTC.')),
    ended_at: nullable(timestamp('When it first was success, failure or error, UTC.')),
    creator_login: nullable(person(varchar(256, 'Who deployed.'))),
    created_at: timestamp('When it was created, UTC.'),
    updated_at: nullable(timestamp('When it changed last, UTC.')),
    truncated_fields: truncatedFields(),
  },
});

const ENDED = ['success', 'failure', 'error'];

/**
 * The record of one deployment, which may be any JSON.
 * @param statuses its statuses, the newest first.
 */
export function deploymentOf(row: JsonValue, statuses: readonly JsonValue[], repository: string): Emitted {
  const [newest = null] = statuses;
  const ended = statuses.findLast((status) => ENDED.includes(String(at(status, 'state')))) ?? null;
  return asSent(deployment, {
    id: digits(at(row, 'id')),
    repository,
    git_sha: text(at(row, 'sha')),
    ref: text(at(row, 'ref')),
    task: text(at(row, 'task')),
    environment: text(at(row, 'environment')),
    is_production: at(row, 'production_environment'),
    is_transient: at(row, 'transient_environment'),
    state: text(at(newest, 'state')),
    state_description: filled(at(newest, 'description')),
    state_at: at(newest, 'created_at'),
    ended_at: at(ended, 'created_at'),
    creator_login: text(at(row, 'creator', 'login')),
    created_at: at(row, 'created_at'),
    updated_at: at(row, 'updated_at'),
  });
}

/** True when no status says how the deployment ended. */
export const isUnderWay = (statuses: readonly JsonValue[]): boolean =>
  !statuses.some((status) => [...ENDED, 'inactive'].includes(String(at(status, 'state'))));
