/**
 * The flow of a pipeline that runs on this machine: how much has passed each stop. `npm start` shows it above the report
 * and renews it while somebody looks.
 */
import { figure, spoken } from '../words.ts';
import { foreign, type Html, html } from './html.ts';
import type { Live } from './page.ts';

export interface Flow {
  readonly types: readonly {
    readonly name: string;
    readonly polled: number;
    readonly rejected: number;
    /** Records that reached their final table. */
    readonly merged: number;
    /** Null for what has no table of its own. */
    readonly rows: number | null;
  }[];
  /** Records that the transform let through. */
  readonly accepted: number;
  /** Rows that COPYs brought into the landing table. */
  readonly copied: number;
  /** Seconds since the newest page that arrived was polled; null before the first. */
  readonly freshnessSeconds: number | null;
  readonly troubles: readonly string[];
}

/** Milliseconds between two looks. */
const EVERY_MS = 2000;

/**
 * Renews the flow, and the page when there is another answer; says so when nobody answers any more. It puts in what the
 * server has escaped, and the page's rules keep everything but this script from running.
 */
const script = `const flow = document.getElementById('flow'), first = flow.dataset.answer;
setInterval(async () => {
  try {
    const answer = await fetch('/flow');
    if (!answer.ok) throw new Error(answer.status);
    if (answer.headers.get('x-answer') !== first) location.reload();
    else flow.innerHTML = await answer.text();
  } catch { flow.dataset.state = 'gone'; }
}, ${EVERY_MS});`;

/** @param answer names the answer that the page shows; another one makes the page load itself anew. */
export const live = (flow: Flow, answer: string): Live => ({
  flow: html`<section class="card flow" id="flow" data-answer="${answer}">${stops(flow)}</section>`,
  script,
});

/** What stands inside of the section. */
export const stops = (flow: Flow): Html => html`<h3>The pipeline on this machine</h3>
<dl class="facts">${stop('Polled', sum(flow.types.map(({ polled }) => polled)))}${stop('Let through by the transform', flow.accepted)}${stop('Copied into the landing table', flow.copied)}${stop('Merged, once each', sum(flow.types.map(({ merged }) => merged)))}<div><dt>Newest poll in the warehouse</dt><dd>${flow.freshnessSeconds === null ? 'none yet' : `${spoken(flow.freshnessSeconds)} old`}</dd></div></dl>
<div class="table"><table class="quiet"><thead><tr><th>Record type</th><th class="n">Polled</th><th class="n">Rejected</th><th class="n">Merged</th><th class="n">Rows</th></tr></thead><tbody>
${flow.types.map(({ name, polled, rejected, merged, rows }) => html`<tr><td>${name}</td><td class="n">${figure(polled)}</td><td class="n">${figure(rejected)}</td><td class="n">${figure(merged)}</td><td class="n">${figure(rows)}</td></tr>`)}</tbody></table></div>
${flow.troubles.length === 0 ? null : html`<ul class="troubles">${flow.troubles.map((trouble) => html`<li>${foreign(trouble)}</li>`)}</ul>`}`;

const stop = (name: string, count: number): Html =>
  html`<div><dt>${name}</dt><dd>${figure(count)}</dd></div>`;

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
