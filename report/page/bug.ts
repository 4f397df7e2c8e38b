/** The section of one bug. */
import type { Fix, ItemRow, Lineage } from '../queries.ts';
import type { Report, ReportItem } from '../read.ts';
import { keyOf } from '../read.ts';
import {
  estimate,
  figure,
  interval,
  moment,
  people,
  percent,
  reasonMeaning,
  returnLost,
  returnVerdictMeaning,
  tierMeaning,
  titleOf,
  verdictMeaning,
} from '../words.ts';
import { foreign, type Html, html } from './html.ts';
import { anchor, fact, reference, tierOf } from './parts.ts';
import { weeksMetPlot, weeksReturnPlot } from './plots.ts';
import { isDetailed, tags } from './ranking.ts';

export function bugs({ items }: Report): Html | null {
  if (items.length === 0) return null;
  const known = new Map(items.map((item) => [keyOf(item), item]));
  return html`<h2>Bug by bug</h2>${items.filter(isDetailed).map((item) => section(item, known))}`;
}

function section(item: ReportItem, known: ReadonlyMap<string, ReportItem>): Html {
  return html`<article class="card bug" id="${anchor(item)}"><header><h3><span class="no">${item.rank}</span>${foreign(titleOf(item))}</h3><a class="back" href="#ranking">Back to the list</a></header>
<div class="tags small">${tierOf(item)}<span>${tags(item)}</span></div>
${notes(item, known)}
<dl class="facts">${[item, ...[...item.other_horizons].sort((a, b) => b.horizon - a.horizon)].map(horizon)}
${fact('Met it', people(item.users_affected), `${figure(item.occurrences)} occurrences${item.coverage === null ? '' : `, ${percent(item.coverage)} with a known user`}`)}
${item.revenue_lost_per_week === null ? null : fact('Revenue lost a week', estimate(item.revenue_lost_per_week))}</dl>
${
  item.weeks.length === 0
    ? null
    : html`<div class="pair"><figure><h4>People who met it anew, by week</h4>${weeksMetPlot(item.weeks)}${item.weeks.some(({ new_episodes }) => new_episodes === null) ? html`<p class="small">A dot is a week with under 10 people.</p>` : null}</figure>
<figure><h4>Difference in return, by week, in points of percent</h4>${item.weeks.some(({ rd }) => rd !== null) ? weeksReturnPlot(item.weeks) : html`<p class="small">No week has enough people whose return can be seen.</p>`}</figure></div>`
}
<div class="pair"><div><h4>Where it came from</h4>${lineage(item.lineage)}</div>
<div>${item.fixes.length === 0 ? null : html`<h4>What the fix brought</h4>${item.fixes.map((fix) => html`<p>${fixWords(fix)}</p>`)}`}
${item.platforms.length === 0 ? null : html`<h4>People by platform</h4><ul class="list">${item.platforms.map(({ platform, people: count }) => html`<li>${foreign(platform)}<span>${people(count)}</span></li>`)}</ul>`}</div></div></article>`;
}

function horizon(row: ItemRow): Html {
  const returned = returnLost(row);
  const name = row.horizon === 1 ? 'Lost a week, by 1 day' : `Lost a week, by ${row.horizon} days`;
  const limits =
    row.users_lost_per_week_low === null
      ? ''
      : interval(row.users_lost_per_week_low, row.users_lost_per_week_high);
  const share =
    returned === null ? '' : `${percent(returned)} of returns (${percent(row.p1)} of ${percent(row.p0)})`;
  return fact(
    name,
    estimate(row.users_lost_per_week),
    html`${limits}${limits === '' || share === '' ? null : html`<br>`}${share}`,
  );
}

function notes(item: ReportItem, known: ReadonlyMap<string, ReportItem>): Html | null {
  const other = (id: string): Html => {
    const found = known.get(keyOf({ project_id: item.project_id, item_id: id }));
    return reference(found, id, found !== undefined && isDetailed(found));
  };
  const symptoms = [...known.values()].filter(
    ({ symptom_of, project_id }) => symptom_of === item.item_id && project_id === item.project_id,
  );
  const said = [
    ...(item.reason !== null
      ? [html`Not ranked: ${reasonMeaning[item.reason] ?? item.reason}.`]
      : item.tier === 'confirmed'
        ? []
        : [html`${(tierMeaning[item.tier] ?? '').replace(/^./, (letter) => letter.toUpperCase())}.`]),
    ...(item.symptom_of === null
      ? []
      : [html`A symptom: it ends with ${other(item.symptom_of)}. Its loss is counted there.`]),
    ...(item.inseparable && item.linked_item_id !== null
      ? [
          html`Cannot be told apart from ${other(item.linked_item_id)}${item.link_share === null ? null : html`, which was met on ${percent(item.link_share)} of its days`}: the loss is counted once, on the stronger of the two.`,
        ]
      : []),
    ...(symptoms.length === 0
      ? []
      : [
          html`With it ends ${symptoms.slice(0, 5).map((symptom, at) => html`${at === 0 ? null : ', '}${reference(symptom, symptom.item_id, isDetailed(symptom))}`)}.`,
        ]),
  ];
  return said.length === 0
    ? null
    : html`<div class="note">${said.map((sentence) => html`<p>${sentence}</p>`)}</div>`;
}

const NAMES: Readonly<Record<string, string>> = {
  introduced: 'Introduced',
  reappeared: 'Reappeared',
  resolved: 'Resolved',
};

function lineage(events: readonly Lineage[]): Html {
  if (events.length === 0) return html`<p class="small">Nothing is known about its release.</p>`;
  return html`<ol class="steps">${events.map(
    (
      event,
    ) => html`<li class="${event.event in NAMES ? event.event : ''}"><b>${NAMES[event.event] ?? event.event}</b> ${moment(event.event_at)}${event.release_id === null ? null : html`, release ${foreign(event.release_version ?? event.release_id)}`}
<span class="small">${release(event)}${foreign(event.evidence)}${event.confidence === null ? null : html` (${percent(event.confidence)} sure)`}</span></li>`,
  )}</ol>`;
}

const release = (event: Lineage): Html =>
  html`${event.commit_sha === null ? null : html`<br>commit <code>${foreign(event.commit_sha.slice(0, 12))}</code>`}${event.pipeline_id === null ? null : html`, built by ${foreign(event.pipeline_source ?? 'pipeline')} <code>${foreign(event.pipeline_id.slice(0, 36))}</code>`}<br>`;

/** What a fix brought, in a sentence. */
export function fixWords(fix: Fix): Html {
  const { verdict, ratio, ratio_lo, ratio_hi, avoided_per_week } = fix;
  const less =
    ratio === null
      ? null
      : html`: met ${ratio <= 1 ? `${percent(1 - ratio)} less` : `${estimate(ratio)} times as`} often (${ratioWords(ratio_lo)} to ${ratioWords(ratio_hi)} of before)`;
  const avoided =
    avoided_per_week !== null && avoided_per_week > 0.05
      ? html`. About ${estimate(avoided_per_week)} users a week are not lost any more`
      : null;
  return html`<span class="verdict ${verdict in verdictMeaning ? verdict : ''}">${verdictMeaning[verdict] ?? verdict}</span>${less}${avoided}; ${returnVerdictMeaning[fix.retention_verdict] ?? fix.retention_verdict}. <span class="small">Resolved ${moment(fix.resolved_at)}.</span>`;
}

const ratioWords = (ratio: number | null): string => percent(ratio);
