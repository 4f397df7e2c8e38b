/** The build: source on its way to a slug. A failed one makes no release, so releases alone never show it. */
import {
  type JsonValue,
  nullable,
  person,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../../contract/columns.ts';
import { asSent, at, elements, text } from '../../contract/read.ts';
import { defineRecord, type Emitted } from '../../contract/record.ts';

export const build = defineRecord({
  name: 'heroku_build',
  version: 1,
  description: 'A build of a Heroku app.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: varchar(36, 'Build id.'),
    app_id: nullable(varchar(36, 'Heroku app.')),
    status: nullable(varchar(64, 'pending, succeeded or failed.')),
    source_version: nullable(
      varchar(1020, 'What was built: a commit, or any text that whoever built it gave.'),
    ),
    source_description: nullable(varchar(4096, 'What they wrote about it, often the message of the commit.')),
    source_checksum: nullable(varchar(160, 'Checksum of the source, with its algorithm.')),
    slug_id: nullable(varchar(36, 'Slug that it made; null until it has succeeded, and on Fir.')),
    release_id: nullable(varchar(36, 'Release that it led to; null until it has succeeded.')),
    stack: nullable(varchar(64, 'Stack that it was built for.')),
    buildpacks: nullable(
      superJson(4096, 'Names of its buildpacks in their order; null for one without a name.'),
    ),
    user_id: nullable(person(varchar(64, 'Heroku user who started it.'))),
    user_email: nullable(person(varchar(320, 'Their address.'))),
    created_at: timestamp('When it was created, UTC.'),
    updated_at: nullable(timestamp('When it changed last, UTC; for one that has settled, when it settled.')),
    truncated_fields: truncatedFields(),
  },
});

/** The record of one build, which may be any JSON. */
export function buildOf(row: JsonValue): Emitted {
  const buildpacks = at(row, 'buildpacks');
  return asSent(build, {
    id: at(row, 'id'),
    app_id: at(row, 'app', 'id'),
    status: text(at(row, 'status')),
    source_version: text(at(row, 'source_blob', 'version')),
    source_description: text(at(row, 'source_blob', 'version_description')),
    source_checksum: text(at(row, 'source_blob', 'checksum')),
    slug_id: at(row, 'slug', 'id'),
    release_id: at(row, 'release', 'id'),
    stack: text(at(row, 'stack')),
    // Their addresses can hold a password.
    buildpacks: Array.isArray(buildpacks) ? elements(buildpacks).map((each) => at(each, 'name')) : buildpacks,
    user_id: at(row, 'user', 'id'),
    user_email: at(row, 'user', 'email'),
    created_at: at(row, 'created_at'),
    updated_at: at(row, 'updated_at'),
  });
}
