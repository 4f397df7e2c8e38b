/** The ranking's function, over its ports. */
import type { RankingSettings } from '../../contract/impact.ts';
import { type RankingPorts, type RefreshSummary, refresh } from './refresh.ts';

/**
 * A function that refreshes the ranking.
 * @param settings as JSON.
 * @throws {Error} when there are none: a mistake of the template.
 */
export function createHandler(
  settings: string | undefined,
  ports: RankingPorts,
): () => Promise<RefreshSummary> {
  if (settings === undefined || settings === '') {
    throw new Error(
      'RANKING_SETTINGS must hold the settings of the ranking as JSON, got nothing; the template sets it',
    );
  }
  // The template has checked them.
  const parsed = JSON.parse(settings) as RankingSettings;
  return () => refresh(parsed, ports);
}
