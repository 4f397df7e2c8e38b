/**
 * The report of a session in a browser, live, with the flow of the pipeline above it.
 *
 * It is served on loopback only, and only to whoever asks for it by that address: a page of a stranger that has its own
 * name lead here (DNS rebinding) sends that name as Host, and gets nothing.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toPostgres } from '../../contract/postgres.ts';
import { type Flow, live, stops } from '../../report/page/flow.ts';
import { page } from '../../report/page/page.ts';
import { type Report, readReport } from '../../report/read.ts';
import type { Query } from '../warehouse/database.ts';
import type { Progress } from './progress.ts';
import type { Readings } from './view.ts';

export interface LiveReport {
  readonly url: string;
  close(): Promise<void>;
}

export interface LiveReportOptions {
  readonly query: Query;
  readonly now: () => Date;
  /** What has passed each stop. */
  readonly flow: () => Flow;
  /** Names the answer that is in the warehouse now. */
  readonly answer: () => string;
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Starts to serve, on a port that is free. */
export async function serveReport(options: LiveReportOptions): Promise<LiveReport> {
  let hosts: readonly string[] = [];
  // Two who look at once are read for once: the embedded warehouse has one session.
  let reading: Promise<Report> | null = null;
  const read = (): Promise<Report> => {
    reading ??= readReport(selectOver(options.query), options.now()).finally(() => {
      reading = null;
    });
    return reading;
  };
  const server = createServer((request, response) => {
    if (!hosts.includes(request.headers.host ?? ''))
      return say(
        response,
        421,
        'this report is served at its own address only, the one that npm start prints',
      );
    answer(request, response, options, read).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      say(response, 503, `the warehouse does not answer: ${reason}; load the page again in a moment`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  options: LiveReportOptions,
  read: () => Promise<Report>,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'only GET is answered here');
  const [pathname] = url.split('?');
  const html = {
    ...HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'x-answer': digestOf(options.answer()),
  };
  if (pathname === '/flow') response.writeHead(200, html).end(stops(options.flow()).markup);
  else if (pathname === '/') {
    const text = page(await read(), live(options.flow(), digestOf(options.answer())));
    response.writeHead(200, html).end(text);
  } else say(response, 404, 'the report is at /');
}

const say = (response: ServerResponse, status: number, text: string): void =>
  void response
    .writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
    .end(`${text}\n`);

/** In letters that a header can hold. */
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The warehouse takes Redshift's words here as everywhere. */
const selectOver = (query: Query) => async (statement: string) =>
  (await query(toPostgres(statement) ?? '')).values;

/** The view's numbers, stop by stop. */
export function flowOf(progress: Progress, readings: Readings): Flow {
  const { delivered, rows, deliveries, freshnessSeconds } = readings;
  const names = [...new Set([...Object.keys(progress.polled), ...Object.keys(delivered)])].sort();
  return {
    types: names.map((name) => ({
      name,
      polled: progress.polled[name] ?? 0,
      rejected: progress.rejected[name] ?? 0,
      merged: delivered[name] ?? 0,
      rows: rows[name] ?? null,
    })),
    accepted: progress.accepted,
    copied: deliveries.reduce((sum, { rowsCopied }) => sum + rowsCopied, 0),
    freshnessSeconds,
    troubles: progress.troubles,
  };
}
