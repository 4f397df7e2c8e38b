/**
 * Reads the report from the warehouse. What is not there yet is told, not thrown: a view of a later version, a ranking
 * that has not run, a warehouse in which nothing has arrived.
 */
import { RANK_HORIZON } from '../contract/impact.ts';
import { SCHEMA } from '../contract/redshift.ts';
import {
  type DeliveryDay,
  deliveryColumns,
  deliveryFrom,
  type Feed,
  type Fix,
  feedColumns,
  feedsFrom,
  fixColumns,
  fixesFrom,
  type ItemRow,
  itemColumns,
  itemsFrom,
  type Ledger,
  type Lineage,
  ledgerColumns,
  ledgerFrom,
  lineageColumns,
  lineageFrom,
  type NaiveRow,
  naiveColumns,
  naiveFrom,
  type Platform,
  platformColumns,
  platformsFrom,
  type Release,
  type Run,
  releaseColumns,
  releasesFrom,
  runColumns,
  runFrom,
  type Week,
  weekColumns,
  weeksFrom,
} from './queries.ts';
import { rows, type Select } from './rows.ts';

/** An item at the horizon by which it is ranked, with all that is known of it. */
export interface ReportItem extends ItemRow {
  /** The same at the other horizons, the shortest first. */
  readonly other_horizons: readonly ItemRow[];
  /** Empty below the items that have a section. */
  readonly weeks: readonly Week[];
  readonly platforms: readonly Platform[];
  readonly lineage: readonly Lineage[];
  readonly fixes: readonly Fix[];
}

export interface ReportFix extends Fix {
  readonly title: string | null;
  readonly rank: number | null;
}

/** What `--json` prints. Times in UTC; ids are text, because they pass what a number holds. */
export interface Report {
  readonly generated_at: string;
  /** Tables and views of the report that this warehouse does not have. */
  readonly missing: readonly string[];
  /** The newest refresh of the ranking; null before the first. */
  readonly run: Run | null;
  readonly feeds: readonly Feed[];
  /** Runs of the last seven days; null without the ledger. */
  readonly ledger: Ledger | null;
  /** By rank. */
  readonly items: readonly ReportItem[];
  readonly releases: readonly Release[];
  /** The newest first. */
  readonly fixes: readonly ReportFix[];
  /** By day, the oldest first; null where it is not computed. */
  readonly delivery: readonly DeliveryDay[] | null;
  /** Items by the people they met in seven days: not adjusted for how busy these people are. */
  readonly naive: readonly NaiveRow[];
}

const NEEDED = [
  ...['impact_item', 'impact_week', 'impact_release', 'impact_run', 'fix_check', 'bug_lineage', 'release'],
  ...['rollbar_item', 'rollbar_occurrence', 'item_ranking', 'feed_freshness', 'ledger', 'delivery_daily'],
] as const;
type Needed = (typeof NEEDED)[number];

/** @throws what the warehouse says when it cannot be read at all. */
export async function readReport(select: Select, now: Date): Promise<Report> {
  const present = new Set(
    (await select(`select table_name from information_schema.tables where table_schema = '${SCHEMA}'`)).map(
      ([name]) => name ?? '',
    ),
  );
  /** Rows, or none where one of the tables is missing. */
  const when = async <T>(
    needed: readonly Needed[],
    read: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> => (needed.every((name) => present.has(name)) ? await read() : []);

  const tracker = ['rollbar_item', 'rollbar_occurrence'] as const;
  const ranked = await when(['impact_item', ...tracker], () => rows(select, itemColumns, itemsFrom));
  const weeks = await when(['impact_item', 'impact_week'], () => rows(select, weekColumns, weeksFrom));
  const platforms = await when(['impact_item', ...tracker], () =>
    rows(select, platformColumns, platformsFrom),
  );
  const lineage = await when(['bug_lineage'], () => rows(select, lineageColumns, lineageFrom));
  const fixes = await when(['fix_check'], () => rows(select, fixColumns, fixesFrom));
  const releases = await when(['impact_release', 'release'], () =>
    rows(select, releaseColumns, releasesFrom),
  );
  const [run = null] = await when(['impact_run'], () => rows(select, runColumns, runFrom));
  const feeds = await when(['feed_freshness'], () => rows(select, feedColumns, feedsFrom));
  const [ledger = null] = await when(['ledger'], () => rows(select, ledgerColumns, ledgerFrom));
  const delivery = await when(['delivery_daily'], () => rows(select, deliveryColumns, deliveryFrom));
  const naive = await when(['item_ranking', ...tracker], () => rows(select, naiveColumns, naiveFrom));

  const items = assemble(ranked, { weeks, platforms, lineage, fixes });
  const known = new Map(items.map((item) => [keyOf(item), item]));
  return {
    generated_at: `${now.toISOString().slice(0, 19)}Z`,
    missing: NEEDED.filter((name) => !present.has(name)),
    ...{ run, feeds, ledger, items, releases, naive },
    fixes: fixes.map((fix) => {
      const { title = null, rank = null } = known.get(keyOf(fix)) ?? {};
      return { ...fix, title, rank };
    }),
    delivery: present.has('delivery_daily') ? delivery : null,
  };
}

interface OfItem {
  readonly project_id: string;
  readonly item_id: string;
}

/** Names an item among those of all projects. */
export const keyOf = ({ project_id, item_id }: OfItem): string => `${project_id}-${item_id}`;

function assemble(
  ranked: readonly ItemRow[],
  parts: {
    readonly weeks: readonly Week[];
    readonly platforms: readonly Platform[];
    readonly lineage: readonly Lineage[];
    readonly fixes: readonly Fix[];
  },
): readonly ReportItem[] {
  const others = grouped(ranked.filter(({ horizon }) => horizon !== RANK_HORIZON));
  const weeks = grouped(parts.weeks);
  const platforms = grouped(parts.platforms);
  const lineage = grouped(parts.lineage);
  const fixes = grouped(parts.fixes);
  return ranked
    .filter(({ horizon }) => horizon === RANK_HORIZON)
    .map((item) => ({
      ...item,
      other_horizons: others.get(keyOf(item)) ?? [],
      weeks: weeks.get(keyOf(item)) ?? [],
      platforms: platforms.get(keyOf(item)) ?? [],
      lineage: lineage.get(keyOf(item)) ?? [],
      fixes: fixes.get(keyOf(item)) ?? [],
    }));
}

const grouped = <T extends OfItem>(all: readonly T[]): ReadonlyMap<string, readonly T[]> =>
  Map.groupBy(all, keyOf);
