/** The ranked list: the first items with their intervals, the others in a line each. */
import { RANK_HORIZON } from '../../contract/impact.ts';
import { DETAILED } from '../queries.ts';
import type { Report, ReportItem } from '../read.ts';
import {
  estimate,
  figure,
  interval,
  isSure,
  people,
  percent,
  reasonMeaning,
  returnLost,
  titleOf,
} from '../words.ts';
import { foreign, type Html, html } from './html.ts';
import { anchor, tierOf } from './parts.ts';
import { domainOf, type Interval, intervalPlot } from './plots.ts';

export const isDetailed = (item: ReportItem): boolean => item.rank <= DETAILED;

export function ranking({ items }: Report): Html | null {
  if (items.length === 0) return null;
  const [detailed, others] = [items.filter(isDetailed), items.filter((item) => !isDetailed(item))];
  const domain = domainOf(detailed.map(intervalOf));
  const hasRevenue = items.some(({ revenue_lost_per_week }) => revenue_lost_per_week !== null);
  return html`<h2 id="ranking">Bugs by the users they cost</h2>
<p class="lead">A user is lost who met the bug, was to be expected back within ${RANK_HORIZON} days, and did not come. The line is the range in which the number lies with 95 % certainty.</p>
<div class="table"><table class="cards"><thead><tr><th class="rank">Rank</th><th>Bug</th><th>How sure</th><th class="n">Users lost a week</th><th>Range</th><th class="n">Return lost</th><th class="n">Met it</th>${hasRevenue ? html`<th class="n">Revenue a week</th>` : null}</tr></thead><tbody>
${detailed.map((item) => row(item, domain, hasRevenue))}</tbody></table></div>
${others.length === 0 ? null : rest(others)}`;
}

const intervalOf = (item: ReportItem): Interval => ({
  value: item.users_lost_per_week,
  low: item.users_lost_per_week_low,
  high: item.users_lost_per_week_high,
  isSure: isSure(item),
});

function row(item: ReportItem, domain: readonly [number, number], hasRevenue: boolean): Html {
  const lost =
    item.symptom_of === null
      ? estimate(item.users_lost_per_week)
      : html`<span class="small">with its cause</span>`;
  const hasInterval = item.users_lost_per_week_low !== null && item.users_lost_per_week_high !== null;
  const returned = returnLost(item);
  return html`<tr><td class="rank">${item.rank}</td>
<td class="title"><a href="#${anchor(item)}">${foreign(titleOf(item))}</a><span class="small">${tags(item)}</span></td>
<td>${tierOf(item)}${item.trend === null ? null : html`<span class="sub">${item.trend}</span>`}</td>
<td class="n strong" data-label="Users lost a week">${lost}</td>
<td class="wide${hasInterval ? '' : ' empty'}">${intervalPlot(intervalOf(item), domain)}${hasInterval ? html`<span class="sub">${interval(item.users_lost_per_week_low, item.users_lost_per_week_high)}</span>` : null}</td>
<td class="n" data-label="Return lost">${returned === null ? '–' : percent(returned)}${item.p1 === null ? null : html`<span class="sub">${percent(item.p1)} of ${percent(item.p0)}</span>`}</td>
<td class="n" data-label="Met it">${people(item.users_affected)}</td>${hasRevenue ? html`<td class="n" data-label="Revenue a week">${estimate(item.revenue_lost_per_week)}</td>` : null}</tr>`;
}

/** Words of the tracker, in the order of what is read first. */
export const tags = ({ counter, level, status, environment }: ReportItem): Html =>
  html`${[counter === null ? null : `#${counter}`, level, status, environment].filter((tag) => tag !== null).map((tag, at) => html`${at === 0 ? null : ' · '}${foreign(tag)}`)}`;

const rest = (
  others: readonly ReportItem[],
): Html => html`<h3 id="others">The other ${figure(others.length)}</h3>
<p class="lead">In the same order. They have no section of their own; <code>--csv</code> and <code>--json</code> have all figures.</p>
<div class="table"><table class="cards quiet"><thead><tr><th class="rank">Rank</th><th>Bug</th><th>How sure</th><th class="n">Users lost a week</th><th class="n">Met it</th></tr></thead><tbody>
${others.map(
  (
    item,
  ) => html`<tr><td class="rank">${item.rank}</td><td class="title"><span class="name">${foreign(titleOf(item).slice(0, 200))}</span></td><td>${tierOf(item)}</td><td class="n" data-label="Users lost a week">${estimate(item.users_lost_per_week)}</td><td class="n" data-label="Met it">${people(item.users_affected)}</td></tr>
`,
)}</tbody></table></div>`;

/** Items that are not measured, by reason, with what the reason means. */
export function refused({ items }: Report): Html | null {
  const reasons = Map.groupBy(
    items.filter(({ reason }) => reason !== null),
    ({ reason }) => reason ?? '',
  );
  if (reasons.size === 0) return null;
  const named = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  return html`<h3>Not ranked</h3><ul>${named.map(
    ([reason, all]) =>
      html`<li><b>${all.length === 1 ? '1 bug' : `${figure(all.length)} bugs`}</b>, ${reason.replaceAll('_', ' ')}: ${reasonMeaning[reason] ?? 'for a reason that this version of the report does not know'}.
<span class="small">${all.slice(0, 3).map((item, at) => html`${at === 0 ? null : ', '}${foreign(titleOf(item).slice(0, 60))}`)}${all.length > 3 ? ', …' : null}</span></li>`,
  )}</ul>`;
}

/** Without an answer, what can be said: whom the bugs met. */
export function naive({ items, naive: list }: Report): Html | null {
  if (items.length > 0 || list.length === 0) return null;
  return html`<h2>Bugs by the people they met</h2>
<p class="lead"><b>Not adjusted.</b> Busy people meet more bugs and come back more, whatever the bug does to them: this list says who was met in the last seven days of data, and not who was lost.</p>
<div class="table"><table class="cards"><thead><tr><th class="rank">Rank</th><th>Bug</th><th class="n">People met</th><th class="n">Occurrences</th></tr></thead><tbody>
${list.map(
  (
    item,
  ) => html`<tr><td class="rank">${item.rank}</td><td class="title"><span class="name">${foreign(titleOf(item))}</span><span class="small">${[item.level, item.status, item.environment].filter((tag) => tag !== null).map((tag, at) => html`${at === 0 ? null : ' · '}${foreign(tag)}`)}</span></td><td class="n strong" data-label="People met">${people(item.people)}</td><td class="n" data-label="Occurrences">${figure(item.occurrences)}</td></tr>
`,
)}</tbody></table></div>`;
}
