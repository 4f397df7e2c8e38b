/** What stands on top: what to fix first, how fresh that is, and what weakens it. */
import type { Report } from '../read.ts';
import { because, figure, firstToFix, moment, percent, spoken, titleOf } from '../words.ts';
import { foreign, type Html, html } from './html.ts';
import { anchor, fact } from './parts.ts';

export const top = (report: Report): Html =>
  html`${verdict(report)}${state(report)}${refusal(report)}${warnings(report)}`;

function verdict(report: Report): Html {
  const first = firstToFix(report);
  if (first !== null)
    return html`<section class="card first"><p class="label">Fix this first</p>
<p class="what"><a href="#${anchor(first)}">${foreign(shortened(titleOf(first)))}</a></p>
<p class="why">${because(first)}</p></section>`;
  const [what, why] =
    report.items.length > 0
      ? [
          'Nothing here costs users with any certainty.',
          'No bug is known to make fewer people come back. The intervals below say how much each of them could cost at most.',
        ]
      : ['No bug has been ranked by the users it costs yet.', 'What is missing for that stands below.'];
  return html`<section class="card first calm"><p class="label">Fix first</p><p class="what">${what}</p>
<p class="why">${why}</p></section>`;
}

const LONGEST_HEADLINE = 160;
const shortened = (title: string): string =>
  title.length > LONGEST_HEADLINE ? `${title.slice(0, LONGEST_HEADLINE).toWellFormed()}…` : title;

function state({ run, feeds, ledger }: Report): Html {
  const oldest = [...feeds].sort((a, b) => b.seconds_since_poll - a.seconds_since_poll)[0];
  return html`<dl class="facts">
${run === null ? fact('Ranking', 'never computed') : fact('Ranking', run.status === 'ranked' ? 'computed' : html`<span class="bad">${run.status}</span>`, moment(run.computed_at))}
${run?.data_through == null ? null : fact('Data through', run.data_through, `from ${run.window_from ?? '–'}`)}
${run === null || run.users === 0 ? null : fact('Users', figure(run.users), run.coverage === null ? '' : `${percent(run.coverage)} of occurrences name one`)}
${oldest === undefined ? fact('Feeds', 'nothing polled in seven days') : fact('Feeds', `${feeds.length} polled`, `${oldest.feed} least recently, ${spoken(oldest.seconds_since_poll)} ago`)}
${ledger === null ? null : fact('Ledger, seven days', ledger.runs_late === 0 ? 'nothing is late' : html`<span class="bad">${figure(ledger.runs_late)} runs late</span>`, ledgerWords(ledger))}
</dl>`;
}

const ledgerWords = ({
  runs_complete,
  runs_in_flight,
  records_late,
}: NonNullable<Report['ledger']>): string =>
  [
    `${figure(runs_complete)} runs complete`,
    ...(runs_in_flight === 0 ? [] : [`${figure(runs_in_flight)} under way`]),
    ...(records_late === 0 ? [] : [`${figure(records_late)} records missing`]),
  ].join(', ');

/** Why there is no answer, or none of today, and what to do. */
function refusal({ run, items, missing, feeds }: Report): Html | null {
  if (missing.includes('impact_item') || missing.includes('rollbar_item'))
    return stop(
      'This warehouse has no ranking',
      html`<p>${missing.join(', ')} is missing. Deploy this version with a feed of the error tracker in <code>heimdallr.config.ts</code>; the schema is applied while deploying.</p>`,
    );
  if (run !== null && run.refusal !== null)
    return stop(
      items.length > 0
        ? 'The newest ranking was refused: what stands here is of an earlier one'
        : 'The bugs cannot be ranked by the users they cost',
      html`<p>${foreign(run.refusal)}</p>${/no activity table/.test(run.refusal) ? ACTIVITY : null}`,
    );
  if (run === null)
    return stop(
      feeds.length === 0 ? 'Nothing has arrived yet' : 'The ranking has not run yet',
      feeds.length === 0
        ? html`<p>No feed was polled in the last seven days. With <code>npm start</code> the first rows are there in half a minute; in an account, look whether the secrets of the feeds are filled: the outputs of the stack say how.</p>`
        : html`<p>With <code>npm start</code> it begins by itself once the first data are there. In an account it runs as often as configured; the output <code>RankingCommand</code> of the stack starts it now.</p>`,
    );
  if (items.length === 0)
    return stop(
      'No bug was met in the window',
      html`<p>Nothing was met by anybody from ${run.window_from ?? '–'} to ${run.data_through ?? '–'}. If that cannot be, look at the environments that <code>heimdallr.config.ts</code> counts, and at how far back the feed reaches (<code>npm run backfill</code> fetches the past).</p>`,
    );
  return null;
}

const stop = (heading: string, body: Html): Html =>
  html`<section class="note stop"><h3>${heading}</h3>
${body}</section>`;

const ACTIVITY = html`<p>A user is lost who would have come back and did not. The table in which every user’s active days stand says who came back:</p>
<pre>ranking: {
  activity: { table: 'analytics.sessions', userId: 'user_id', activeAt: 'started_at' },
}</pre>`;

function warnings({ run, missing }: Report): Html | null {
  const optional = missing.filter((name) => !name.startsWith('impact_') && !name.startsWith('rollbar_'));
  const said = [
    ...(run?.warnings ?? []),
    ...(optional.length === 0
      ? []
      : [
          `this warehouse does not have ${optional.join(', ')} yet: that part of the report is left out; deploy this version`,
        ]),
  ];
  if (said.length === 0) return null;
  return html`<section class="note"><h3>What weakens these numbers</h3><ul>${said.map((sentence) => html`<li>${foreign(sentence)}</li>`)}</ul></section>`;
}
