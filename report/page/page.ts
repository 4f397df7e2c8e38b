/**
 * The report as one page that needs nothing else: no script, no font, no picture from anywhere. Its own rules forbid the
 * browser to fetch anything, and to apply a style that is not the one below.
 */
import { createHash } from 'node:crypto';
import type { Report } from '../read.ts';
import { moment } from '../words.ts';
import { bugs } from './bug.ts';
import { type Html, html, trusted } from './html.ts';
import { delivery, fixes, releases, sober } from './others.ts';
import { naive, ranking } from './ranking.ts';
import { style } from './style.ts';
import { top } from './top.ts';

/** What `npm start` adds: the flow of the pipeline above the report, and the script that keeps it new. */
export interface Live {
  readonly flow: Html;
  readonly script: string;
}

/** The whole document. */
export function page(report: Report, live: Live | null = null): string {
  const rules = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    ...(live === null ? [] : [`script-src ${hashOf(live.script)}`, "connect-src 'self'"]),
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const document = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${rules}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">
<title>Which bugs cost us users</title><link rel="icon" href="data:,"><style>${trusted(style)}</style></head>
<body><main><header class="top"><h1><b>Heimdallr</b> Which bugs cost us users</h1><span class="small">Read ${moment(report.generated_at)}</span></header>
${live === null ? null : live.flow}
${top(report)}${ranking(report)}${naive(report)}${fixes(report)}${releases(report)}${delivery(report)}${bugs(report)}${sober(report)}
<footer>Counts of people below 10 are not shown. All times are UTC.</footer></main>${live === null ? null : html`<script>${trusted(live.script)}</script>`}</body></html>
`;
  return document.markup;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
