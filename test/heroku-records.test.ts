/** What becomes of Heroku's rows: columns, and what the validator says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { seal } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import { elements } from '../contract/read.ts';
import type { Emitted } from '../contract/record.ts';
import { build, buildOf } from '../producers/heroku/build.ts';
import { release, releaseOf } from '../producers/heroku/release.ts';

const answers = join(import.meta.dirname, '../producers/heroku/answers');
const answer = (file: string): JsonValue => JSON.parse(readFileSync(join(answers, file), 'utf8'));
const rowsOf = (file: string): readonly JsonValue[] => elements([answer(file)].flat());

const COMMIT = '9f2c1e7a0c11d3fe9b0d4c1e5f6a7b8c9d0e1f2a';
const releases = [
  'releases_desc_206.json',
  'releases_next_200.json',
  'release_fir_oci.json',
  'release_expired.json',
]
  .flatMap(rowsOf)
  .map((row) => releaseOf(row, COMMIT));
const builds = ['builds_list.json', 'build_fir.json'].flatMap(rowsOf).map(buildOf);

const origin = { feed: 'heroku:shop', run_id: 'run', seq: 1, observed_at: '2026-11-23T18:30:00.000Z' };
const validators = new Map([release, build].map((type) => [type.name, compileValidator(type)]));
const bodyOf = ({ type, values }: Emitted) => conform(type, values, { mode: 'keep' });

function refusals(emitted: Emitted): readonly string[] {
  const validate = validators.get(emitted.type.name);
  validate?.(seal(emitted.type, bodyOf(emitted), origin));
  return (validate?.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test('every row of the documented answers is a record that the validator accepts', () => {
  const all = [...releases, ...builds];

  expect(all.length).toBeGreaterThanOrEqual(10);
  expect(all.flatMap(refusals)).toEqual([]);
});

test('no address that opens a log, a source or a slug is kept', () => {
  const kept = JSON.stringify([...releases, ...builds].map(bodyOf));

  expect(kept).not.toMatch(/https?:|REDACTED/);
});

describe('a release', () => {
  test('says what it runs and who made it', () => {
    const [deployed, configured, failed] = releases.map(bodyOf);

    expect(deployed).toMatchObject({
      ...{ version: 431, status: 'pending', is_current: false, git_sha: COMMIT, has_release_phase: true },
      ...{
        description: 'Deploy 9f2c1e7a',
        user_email: 'm.voss@example.com',
        created_at: '2026-09-01T11:59:40Z',
      },
    });
    expect(configured).toMatchObject({ version: 430, is_current: true, has_release_phase: false });
    expect(failed).toMatchObject({ version: 429, status: 'failed', updated_at: '2026-09-01T11:05:44Z' });
  });

  test('on Fir has an image in the place of a slug', () => {
    const [fir] = rowsOf('release_fir_oci.json').map((row) => bodyOf(releaseOf(row, null)));

    expect(fir).toMatchObject({ slug_id: null, git_sha: null });
    expect(fir?.oci_image_id).toMatch(/^432b4666/);
  });

  test('of years ago lacks what Heroku has added since', () => {
    const old = { app: { id: 'a' }, version: 3, created_at: '2020-09-30T00:00:00Z' };

    expect(refusals(releaseOf(old, null))).toEqual([]);
  });

  test('with a description as long as a novel says that it was cut', () => {
    const row = {
      app: { id: 'a' },
      version: 3,
      created_at: '2020-09-30T00:00:00Z',
      description: 'é'.repeat(9000),
    };

    const body = bodyOf(releaseOf(row, null));

    expect(body.truncated_fields).toBe('description');
    expect(refusals(releaseOf(row, null))).toEqual([]);
  });
});

describe('a build', () => {
  test('that failed has no slug and no release', () => {
    const failed = builds.map(bodyOf).find(({ status }) => status === 'failed');

    expect(failed).toMatchObject({ slug_id: null, release_id: null });
  });

  test('names its buildpacks and not where they come from', () => {
    const row = {
      buildpacks: [{ url: 'https://user:secret@example.com/b.tgz', name: null }, { name: 'heroku/ruby' }],
    };

    expect(bodyOf(buildOf(row)).buildpacks).toEqual([null, 'heroku/ruby']);
  });
});

test.each([
  ['hash', /^[0-9a-f]{64}$/],
  ['drop', /^null$/],
] as const)('people can be kept out: %s', (mode, pattern) => {
  const people = mode === 'hash' ? { mode, key: 'k'.repeat(32) } : { mode };

  for (const { type, values } of [...releases, ...builds]) {
    const { user_id, user_email } = conform(type, values, people);
    expect(String(user_id)).toMatch(pattern);
    expect(String(user_email)).toMatch(pattern);
  }
});
