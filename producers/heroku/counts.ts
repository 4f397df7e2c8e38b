/**
 * Counts releases at the source: Heroku numbers those of an app, which is what proves that none is missing here.
 *
 * The youngest minutes are left alone: who releases just now may not have been polled.
 */
import { countNumbers, type SourceCount } from '../../contract/count.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import type { Context } from './cursor.ts';
import { ACCEPT, newestFirst, placeOf, readRange } from './range.ts';
import { release } from './release.ts';

/** Releases looked at, in one page: weeks of most apps. */
const MAX_RELEASES = 200;

const SETTLED_SECONDS = 1800;

/** The newest releases since the feed's beginning, but for the youngest. */
export async function countReleases(context: Omit<Context, 'cursor'>): Promise<readonly SourceCount[]> {
  const { settings, since, now, log } = context;
  const path = `/apps/${settings.app}/releases`;
  const page = await readRange(context, path, newestFirst('version', MAX_RELEASES), null);
  const rows = page?.rows ?? [];
  const app = rows.map((row) => at(row, 'app', 'id')).find((id) => typeof id === 'string');
  return countNumbers({
    ...{ type: release, column: 'version', since, log },
    ...(app === undefined ? {} : { scope: { app_id: app } }),
    listed: rows
      .map(placeOf)
      .filter((place) => place !== null)
      .map(({ version, created }) => ({ number: version, createdAt: new Date(created * 1000) })),
    until: new Date(now().getTime() - SETTLED_SECONDS * 1000),
    isThere: (version) => isThere(context, `${path}/${version}`),
  });
}

async function isThere({ http }: Pick<Context, 'http'>, path: string): Promise<boolean> {
  try {
    await http.get(path, {}, ACCEPT);
    return true;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
    return false;
  }
}
