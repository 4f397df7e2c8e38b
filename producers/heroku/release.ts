/** The release: the moment new code or new settings went live, or failed to. It is read again until it has settled. */
import {
  boolean,
  integer,
  type JsonValue,
  nullable,
  person,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, text, whole } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const release = defineRecord({
  name: 'heroku_release',
  version: 1,
  description: 'A release of a Heroku app: a deploy, a change of settings or add-ons, or a rollback.',
  key: ['app_id', 'version'],
  occurredAt: 'created_at',
  columns: {
    app_id: varchar(36, 'Heroku app; its name can change and be used again.'),
    version: integer('Counts the releases of the app, from 1.'),
    id: nullable(varchar(36, 'Release id.')),
    app_name: nullable(varchar(64, 'Name of the app when it was read.')),
    status: nullable(varchar(64, 'pending, succeeded, failed or expired.')),
    is_current: nullable(boolean('True for the release that runs.')),
    description: nullable(varchar(4096, 'What it changed, as Heroku words it; it can name config vars.')),
    git_sha: nullable(
      varchar(256, "Commit of its slug. Null without a slug, as on Fir and in an app's first releases."),
    ),
    slug_id: nullable(varchar(36, 'Slug that runs; releases that change only settings share it.')),
    oci_image_id: nullable(varchar(36, 'Image that runs, on Fir.')),
    addon_plan_names: nullable(superJson(16_384, 'Plans of its add-ons, an array of text.')),
    has_release_phase: boolean('True when it ran, or runs, a release command.'),
    is_eligible_for_rollback: nullable(boolean('True when the app can go back to it.')),
    user_id: nullable(person(varchar(64, 'Heroku user who made it.'))),
    user_email: nullable(person(varchar(320, 'Their address.'))),
    created_at: timestamp('When it was created, UTC.'),
    updated_at: nullable(timestamp('When it changed last, UTC; for one that has settled, when it settled.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one release, which may be any JSON. @param commit of its slug. */
export function releaseOf(row: JsonValue, commit: JsonValue): Emitted {
  return asSent(release, {
    app_id: at(row, 'app', 'id'),
    version: whole(at(row, 'version')),
    id: text(at(row, 'id')),
    app_name: text(at(row, 'app', 'name')),
    status: text(at(row, 'status')),
    is_current: at(row, 'current'),
    description: text(at(row, 'description')),
    git_sha: text(commit),
    slug_id: slugOf(row),
    oci_image_id: at(row, 'oci_image', 'id'),
    addon_plan_names: at(row, 'addon_plan_names'),
    // The address itself opens the log to whoever has it.
    has_release_phase: at(row, 'output_stream_url') !== null,
    is_eligible_for_rollback: at(row, 'eligible_for_rollback'),
    user_id: at(row, 'user', 'id'),
    user_email: at(row, 'user', 'email'),
    created_at: at(row, 'created_at'),
    updated_at: at(row, 'updated_at'),
  });
}

/** Id of the slug that a release runs. */
export const slugOf = (row: JsonValue): JsonValue => at(row, 'slug', 'id');
