/** Heroku's API over an app: what is answered to a request, at a time. */
import { createHash } from 'node:crypto';
import { type App, buildsAt, type Row, releasesAt, slugBody } from './app.ts';
import { ranged } from './ranges.ts';

export interface Asked {
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly ms: number;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How the documents can be read where they leave it open. */
export interface Habits {
  /** Builds can be ranged by `started_at`, as only the schema says. */
  readonly canRangeBuilds?: boolean;
}

const ACCEPT = /application\/vnd\.heroku\+json; ?version=3/;

/** Answers a GET. */
export function answer(apps: readonly App[], { path, headers, ms }: Asked, habits: Habits = {}): Answered {
  if (!ACCEPT.test(headers.accept ?? ''))
    return failure(406, 'not_acceptable', 'A version must be accepted.');
  const [, appKey = '', list = '', key] = /^\/apps\/([^/]+)(?:\/(\w+)(?:\/([^/]+))?)?$/.exec(path) ?? [];
  const app = apps.find(({ id, name }) => id === appKey || name === appKey);
  if (app === undefined) return failure(404, 'not_found', "Couldn't find that app.");
  const ask = { app, key, headers };
  switch (list) {
    case 'releases':
      return listed(ask, releasesAt(app, ms), ['id', 'version']);
    case 'builds':
      return listed(ask, buildsAt(app, ms), habits.canRangeBuilds === false ? ['id'] : ['id', 'started_at']);
    case 'slugs': {
      const slug = app.slugs.get(key ?? '');
      return slug === undefined || slug.createdMs > ms
        ? failure(404, 'not_found', "Couldn't find that slug.")
        : success(slugBody(slug));
    }
    default:
      return failure(404, 'not_found', 'The requested API endpoint was not found.');
  }
}

function listed(
  { key, headers }: { readonly key: string | undefined; readonly headers: Asked['headers'] },
  rows: readonly Row[],
  fields: readonly string[],
): Answered {
  if (key !== undefined) {
    const row = rows.find(({ ranges }) => Object.values(ranges).some((value) => String(value) === key));
    return row === undefined ? failure(404, 'not_found', "Couldn't find that.") : success(row.body);
  }
  const page = ranged(rows, headers.range ?? '', fields);
  if (page === 'bad_request')
    return failure(400, page, 'Invalid `Range` header. Please use format like `id ..; max=10, order=desc`.');
  if (page === 'requested_range_not_satisfiable')
    return failure(416, page, 'The requested range is not satisfiable.');
  const made = success(
    page.rows.map(({ body }) => body),
    page.status,
    page.headers,
  );
  const isKnown = headers['if-none-match'] === made.headers.ETag;
  return isKnown ? { status: 304, headers: made.headers, body: '' } : made;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

function success(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answered {
  const body = JSON.stringify(value);
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  return { status, headers: { ...JSON_TYPE, ETag: etag, ...headers }, body };
}

export function failure(status: number, id: string, message: string): Answered {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ id, message }) };
}
