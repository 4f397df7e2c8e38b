/**
 * The list of releases, with the commit that each of them runs.
 *
 * A release names its slug, and only the slug names the commit; a slug never changes, so each is asked for once.
 * When another release becomes the current one, the one before changes, too, without any sign of its own: it is
 * read again like one that is open.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { type Context, type Cursor, MAX_SLUGS, unixNow } from './cursor.ts';
import { ACCEPT, placeOf } from './range.ts';
import { releaseOf, slugOf } from './release.ts';
import type { List } from './walk.ts';

/** A commit is 40 digits; what is longer is asked for again instead of being kept in the cursor. */
const MAX_COMMIT = 64;

export const releases: List = {
  name: 'releases',
  field: 'version',
  key: 'version',
  async records(context, rows, cursor) {
    const commits = new Map(cursor.releases.slugs.map(([slug, commit]) => [slug, commit]));
    for (const row of rows) {
      const slug = slugOf(row);
      if (typeof slug === 'string' && !commits.has(slug)) commits.set(slug, await commitOf(context, slug));
    }
    const records = rows.map((row) => releaseOf(row, commits.get(String(slugOf(row))) ?? null));
    const slugs = newestSlugs(rows, commits, cursor);
    const state = withCurrent({ ...cursor.releases, slugs }, rows, unixNow(context.now));
    return { records, cursor: { ...cursor, releases: state } };
  },
};

/** Commit of a slug; null when it has none, or is gone. */
async function commitOf({ http, settings, log }: Context, slug: string): Promise<string | null> {
  try {
    const { body } = await http.get(`/apps/${settings.app}/slugs/${encodeURIComponent(slug)}`, {}, ACCEPT);
    const commit = at(body, 'commit');
    return typeof commit === 'string' && commit !== '' ? commit : null;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
  }
  log('a slug cannot be read any more, its releases have no commit', { slug });
  return null;
}

/** The slugs of the newest releases: those that the newest page will show again. */
function newestSlugs(
  rows: readonly JsonValue[],
  commits: ReadonlyMap<string, string | null>,
  { releases: { slugs } }: Cursor,
): Cursor['releases']['slugs'] {
  const versions = new Map(slugs.map(([slug, , version]) => [slug, version]));
  for (const row of rows) {
    const slug = slugOf(row);
    const version = placeOf(row)?.version ?? 0;
    if (typeof slug === 'string') versions.set(slug, Math.max(version, versions.get(slug) ?? 0));
  }
  return [...versions]
    .sort(([, a], [, b]) => b - a)
    .map(([slug, version]) => [slug, commits.get(slug) ?? null, version] as const)
    .filter(([, commit]) => commit === null || commit.length <= MAX_COMMIT)
    .slice(0, MAX_SLUGS);
}

/** Notes which release is current; it is always newer than the one that was. */
function withCurrent(state: Cursor['releases'], rows: readonly JsonValue[], now: number): Cursor['releases'] {
  const versions = rows.filter((row) => at(row, 'current') === true).map((row) => placeOf(row)?.version ?? 0);
  const current = Math.max(state.current, ...versions);
  const isReplaced = state.current > 0 && current > state.current;
  if (!isReplaced) return { ...state, current };
  const before = String(state.current);
  const isShown = rows.some((row) => String(at(row, 'version')) === before);
  return { ...state, current, open: isShown ? state.open : [...state.open, [before, now]] };
}
