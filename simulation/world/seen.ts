/** What the error tracker would say of an occurrence, beyond the world's plain rows. */
import type { Occurrence } from './life.ts';
import type { Platform } from './person.ts';
import { deploysOf, type Release } from './releases.ts';

/** The commit that ran when it happened; Android builds carry the first twelve digits. */
export function codeVersions(
  releases: readonly Release[],
): (occurrence: Pick<Occurrence, 'at'>, platform: Platform) => string | null {
  const deploys = deploysOf(releases);
  return ({ at }, platform) => {
    const sha = deploys.findLast((deploy) => deploy.at <= at)?.sha ?? null;
    return platform === 'android' ? (sha?.slice(0, 12) ?? null) : sha;
  };
}
