/** Bills of an installation at several settings. */
import type { ResolvedInstallation } from '../read-installation.ts';
import { billOf } from './bill.ts';
import { otherChoices } from './choices.ts';
import type { Bills } from './document.ts';
import type { Column } from './report.ts';
import type { Synthesiser } from './synthesise.ts';

/** What docs/cost.md shows: occurrences in a month. */
const VOLUMES = [100_000, 1_000_000, 10_000_000];

/** The two ends of what can be configured, and something between. */
const SETTINGS = [1, 5, 15];

/** Minutes to show: the given ones, or what is configured beside others. */
export const settingsFor = ({ freshnessMinutes }: ResolvedInstallation): readonly number[] =>
  [...new Set([...SETTINGS, freshnessMinutes])].sort((one, other) => one - other);

/** The bill at each freshness, in this order. */
export function columnsOf(
  installation: ResolvedInstallation,
  occurrences: number,
  minutes: readonly number[],
  synthesiser: Synthesiser,
): readonly Column[] {
  return minutes.map((freshnessMinutes) => ({
    freshnessMinutes,
    bill: billOf(synthesiser.template({ ...installation, freshnessMinutes }), occurrences),
  }));
}

/** Everything that docs/cost.md shows. */
export function billsOf(installation: ResolvedInstallation, synthesiser: Synthesiser): Bills {
  const minutes = SETTINGS;
  const templates = minutes.map((freshnessMinutes) =>
    synthesiser.template({ ...installation, freshnessMinutes }),
  );
  const usual = Math.max(...minutes);
  return {
    volumes: VOLUMES.map((occurrences) =>
      minutes.map((freshnessMinutes, index) => ({
        freshnessMinutes,
        bill: billOf(templates[index], occurrences),
      })),
    ),
    choices: [...otherChoices(installation)].map(([name, choice]) => ({
      name,
      column: {
        freshnessMinutes: usual,
        bill: billOf(synthesiser.template({ ...choice, freshnessMinutes: usual }), VOLUMES[1] ?? 0),
      },
    })),
  };
}
