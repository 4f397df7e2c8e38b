/** Releases, fixes, how the team delivers, and what the numbers cannot say. */
import type { Report } from '../read.ts';
import {
  estimate,
  figure,
  interval,
  isSure,
  limits,
  moment,
  percent,
  returnLost,
  spoken,
  titleOf,
} from '../words.ts';
import { fixWords } from './bug.ts';
import { foreign, type Html, html } from './html.ts';
import { anchor, tierOf } from './parts.ts';
import { daysPlot, domainOf, type Interval, intervalPlot } from './plots.ts';
import { isDetailed, refused } from './ranking.ts';

const SHOWN = 20;

export function releases({ releases: all }: Report): Html | null {
  if (all.length === 0) return null;
  const shown = all.slice(0, SHOWN);
  const intervals = shown.map(
    (release): Interval => ({
      value: release.users_lost_per_week,
      low: release.users_lost_per_week_low,
      high: release.users_lost_per_week_high,
      isSure: isSure(release),
    }),
  );
  const domain = domainOf(intervals);
  return html`<h2 id="releases">Releases that cost most</h2>
<p class="lead">Everybody who met any bug that the release brought or brought back, once each.</p>
<div class="table"><table class="cards"><thead><tr><th>Release</th><th>How sure</th><th class="n">Users lost a week</th><th>Range</th><th class="n">Return lost</th><th class="n">Bugs</th></tr></thead><tbody>
${shown.map(
  (
    release,
    at,
  ) => html`<tr><td class="title"><span class="name">${foreign(release.version ?? release.release_id)}</span><span class="small">${release.released_at === null ? null : moment(release.released_at)}${release.commit_sha === null ? null : html` · <code>${foreign(release.commit_sha.slice(0, 12))}</code>`}</span></td>
<td>${tierOf(release)}</td><td class="n strong" data-label="Users lost a week">${estimate(release.users_lost_per_week)}</td>
<td class="wide">${intervals[at] === undefined ? null : intervalPlot(intervals[at], domain)}<span class="sub">${interval(release.users_lost_per_week_low, release.users_lost_per_week_high)}</span></td>
<td class="n" data-label="Return lost">${percent(returnLost(release))}</td><td class="n" data-label="Bugs">${figure(release.items)}</td></tr>
`,
)}</tbody></table></div>${all.length > SHOWN ? html`<p class="small">${figure(all.length - SHOWN)} more in --json.</p>` : null}`;
}

export function fixes({ fixes: all, items }: Report): Html | null {
  if (all.length === 0) return null;
  const detailed = new Set(items.filter(isDetailed).map(anchor));
  return html`<h2 id="fixes">What the last fixes brought</h2>
<p class="lead">How often a bug is met by active people in the 14 days after it was resolved, by the 14 days before; and who comes back.</p>
<div class="table"><table class="cards"><thead><tr><th>Bug</th><th>Effect</th></tr></thead><tbody>
${all.slice(0, SHOWN).map(
  (
    fix,
  ) => html`<tr><td class="title">${detailed.has(anchor(fix)) ? html`<a href="#${anchor(fix)}">${foreign(titleOf(fix))}</a>` : html`<span class="name">${foreign(titleOf(fix))}</span>`}</td><td class="wide">${fixWords(fix)}</td></tr>
`,
)}</tbody></table></div>`;
}

export function delivery({ delivery: days }: Report): Html | null {
  if (days === null || days.length === 0) return null;
  const plot = (name: string, last: string, values: readonly (number | null)[]): Html =>
    html`<figure><h4>${name}</h4><p class="strong">${last}</p>${daysPlot(
      name,
      days.map(({ day }, at) => ({ day, value: values[at] ?? null })),
    )}</figure>`;
  const lastOf = (values: readonly (number | null)[]): number | null =>
    values.findLast((value) => value !== null) ?? null;
  const hours = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null ? null : value / 3600));
  const deployments = days.map((day) => day.deployments);
  const lead = days.map((day) => day.lead_time_p50_seconds);
  const slow = days.map((day) => day.lead_time_p90_seconds);
  const failures = days.map((day) => day.change_failure_rate);
  const restore = days.map((day) => day.restore_p50_seconds);
  const total = deployments.reduce((sum, count) => sum + count, 0);
  return html`<h2 id="delivery">How the team delivers</h2>
<p class="lead">${days[0]?.day ?? ''} to ${days.at(-1)?.day ?? ''}. The figure is that of the newest day that has one.</p>
<div class="card"><div class="plots">
${plot('Deployments a day', `${figure(total)} in ${days.length} days`, deployments)}
${plot('From commit to release, median, hours', `${spoken(lastOf(lead))}, the slowest tenth ${spoken(lastOf(slow))}`, hours(lead))}
${plot(
  'Deployments that brought a bug, percent',
  percent(lastOf(failures)),
  failures.map((value) => (value === null ? null : value * 100)),
)}
${plot('From bug to resolve, median, hours', spoken(lastOf(restore)), hours(restore))}
</div></div>`;
}

export const sober = (report: Report): Html => html`<h2 id="limits">What these numbers cannot say</h2>
<section class="card sober">${refused(report)}<h3>Limits of the method</h3><ul>${limits.map((limit) => html`<li>${limit}</li>`)}</ul></section>`;
