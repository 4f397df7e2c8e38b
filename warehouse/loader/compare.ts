/**
 * The statements that compare spans with a final table, for one transaction: of one feed, one type, one column.
 */
import { reconciliationColumns, rejectedRecord, sourceCount } from '../../contract/ledger.ts';
import type { RecordType } from '../../contract/record.ts';
import {
  finalTable,
  literal,
  quoted,
  receiptTable,
  reconciliationTable,
  SCHEMA,
  sqlType,
} from '../../contract/redshift.ts';

/** Spans over one column. */
export interface SpanGroup {
  readonly feed: string;
  readonly type: RecordType;
  readonly column: string;
  /** JSON text: columns and their values. */
  readonly scope: string;
  readonly spans: readonly { readonly from: string; readonly to: string }[];
}

/** Comparisons in a row that may find something missing; then walks do not help. */
const MAX_COMPARISONS = 3;

const table = (name: string): string => `${SCHEMA}.${quoted(name)}`;
const reconciliation = table(reconciliationTable.name);
const names = Object.keys(reconciliationColumns);

/** That two rows are of one span. */
export const sameSpan = (one: string, other: string): string =>
  sourceCount.key.map((name) => `${one}.${name} = ${other}.${name}`).join(' and ');

/**
 * Compares the newest counts of a group.
 * @throws {TypeError} when the group names a column that the type does not declare.
 */
export function compareStatements(group: SpanGroup): readonly string[] {
  return [
    `create temp table compared (like ${reconciliation})`,
    `insert into compared (${names.join(', ')})\n${comparison(group)}`,
    `delete from ${reconciliation} using compared where ${sameSpan('reconciliation', 'compared')}`,
    `insert into ${reconciliation} (${names.join(', ')}) select ${names.join(', ')} from compared`,
    'drop table compared',
  ];
}

function comparison(group: SpanGroup): string {
  return `with counted as (
  select feed, record_type, span_column, span_from, span_to, scope, at_source, walk_since, counted_at
  from ${table(finalTable(sourceCount).name)}
  where feed = ${literal(group.feed)} and record_type = ${literal(group.type.name)}
    and span_column = ${literal(group.column)} and scope = ${literal(group.scope)}
),
held as (
${held(group)}
),
refused as (
${refused(group)}
),
measured as (
  select
    counted.feed, counted.record_type, counted.span_column, counted.span_from, counted.span_to, counted.scope,
    counted.at_source,
    coalesce(held.facts, 0) as in_warehouse,
    coalesce(refused.facts, 0) as rejected,
    greatest(counted.at_source - coalesce(held.facts, 0) - coalesce(refused.facts, 0), 0) as missing,
    coalesce(known.repaired, 0) as repaired_before,
    greatest(coalesce(held.facts, 0) - known.in_warehouse, 0) as more_than_before,
    coalesce(known.missing, 0) as missing_before,
    coalesce(known.comparisons, 0) as comparisons_before,
    counted.walk_since, counted.counted_at
  from counted
  left join held on held.span_from = counted.span_from and held.span_to = counted.span_to
  left join refused on refused.span_from = counted.span_from and refused.span_to = counted.span_to
  left join ${reconciliation} as known on ${sameSpan('known', 'counted')}
  where known.feed is null or known.counted_at < counted.counted_at
),
judged as (
  select
    feed, record_type, span_column, span_from, span_to, scope, at_source, in_warehouse, rejected, missing,
    repaired_before + greatest(least(missing_before - missing, more_than_before), 0) as repaired,
    case when missing > 0 then comparisons_before + 1 else 0 end as comparisons,
    walk_since, counted_at
  from measured
),
final as (
  select
    feed, record_type, span_column, span_from, span_to, scope, at_source, in_warehouse, rejected, missing, repaired,
    comparisons,
    case
      when missing > 0 and comparisons >= ${MAX_COMPARISONS} then 'stays'
      when missing > 0 then 'differs'
      when repaired > 0 then 'repaired'
      when in_warehouse > at_source then 'surplus'
      else 'equal'
    end as status,
    walk_since, counted_at, getdate() as checked_at
  from judged
)
select ${names.join(', ')} from final`;
}

/** Rows of the final table, by span. The bounds of all spans are said once more, for the sort key. */
function held(group: SpanGroup): string {
  const column = `fact.${quoted(group.column)}`;
  return `  select counted.span_from, counted.span_to, count(*) as facts
  from counted
  join ${table(finalTable(group.type).name)} as fact on ${within(group, column)}
  where ${inBounds(group, column)} and ${inScope(group)}
  group by counted.span_from, counted.span_to`;
}

/**
 * Refused records that explain a missing fact: in the span by their time, or anywhere when they say none, or when the
 * span runs over something else. What was sent again and delivered explains nothing.
 */
function refused(group: SpanGroup): string {
  const isByTime = group.column === group.type.occurredAt;
  const place = isByTime
    ? `(refusal.happened_at is null or ${within(group, 'refusal.happened_at')})`
    : '1 = 1';
  return `  select counted.span_from, counted.span_to, count(distinct refusal.rejected_key) as facts
  from counted
  join ${table(finalTable(rejectedRecord).name)} as refusal
    on refusal._feed = counted.feed and refusal.rejected_type = counted.record_type and ${place}
  left join ${table(receiptTable.name)} as delivered on delivered.run_id = refusal.run_id and delivered.seq = refusal.seq
  where delivered.run_id is null
  group by counted.span_from, counted.span_to`;
}

const castOf = ({ type, column }: SpanGroup): string => {
  const declared = type.columns[column];
  if (declared === undefined) throw new TypeError(`${type.name} declares no column ${column}`);
  return sqlType(declared.type);
};

const within = (group: SpanGroup, value: string): string =>
  `${value} >= counted.span_from::${castOf(group)} and ${value} < counted.span_to::${castOf(group)}`;

function inBounds(group: SpanGroup, value: string): string {
  const cast = castOf(group);
  const rank = (bound: string): number => (cast === 'timestamp' ? Date.parse(bound) : Number(bound));
  const lowest = group.spans.map(({ from }) => from).reduce((a, b) => (rank(a) <= rank(b) ? a : b));
  const highest = group.spans.map(({ to }) => to).reduce((a, b) => (rank(a) >= rank(b) ? a : b));
  return `${value} >= ${literal(lowest)}::${cast} and ${value} < ${literal(highest)}::${cast}`;
}

/** A scope says whose rows are meant; without one they are the feed's own. */
function inScope({ feed, type, scope }: SpanGroup): string {
  const columns = Object.entries(JSON.parse(scope) as Readonly<Record<string, string | number>>);
  if (columns.length === 0) return `fact._feed = ${literal(feed)}`;
  return columns
    .map(([name, value]) => {
      if (type.columns[name] === undefined) throw new TypeError(`${type.name} declares no column ${name}`);
      return `fact.${quoted(name)} = ${typeof value === 'number' ? value : literal(value)}`;
    })
    .join(' and ');
}
