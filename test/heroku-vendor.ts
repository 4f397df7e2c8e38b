/** Heroku in this process: the simulator's API under the `http` of a poll, and apps with a random history. */
import type { Page } from '../contract/producer.ts';
import type { Cursor } from '../producers/heroku/cursor.ts';
import heroku from '../producers/heroku/index.ts';
import { answer, type Habits } from '../producers/heroku/simulator/api.ts';
import type { App, Build, Release } from '../producers/heroku/simulator/app.ts';
import { type InProcess, inProcess } from './vendor-in-process.ts';

export const START_MS = Date.parse('2026-09-01T00:00:00Z');
const MINUTE = 60_000;

export interface Vendor extends InProcess {
  readonly app: App;
  habits: Habits;
}

export function vendor(app: App): Vendor {
  const self: Vendor = Object.assign(
    inProcess(START_MS, (asked) => answer([app], asked, self.habits)),
    { app, habits: {} },
  );
  return self;
}

/** An app without a history. */
export const emptyApp = (): App => ({
  ...{ id: '9e3779b1-1111-4111-9111-000000000001', name: 'storefront-prod' },
  ...{ slugs: new Map(), builds: [], releases: [] },
});

const user = { id: '3c6ef362-1111-4111-9111-000000000002', email: 'm.voss@example.com' };
const uuid = (kind: number, n: number): string => {
  // As random as Heroku's: neither in the order of their making nor of their versions.
  const head = (Math.imul(n * 8 + kind, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  return `${head}-1111-4111-9111-${String(n).padStart(12, '0')}`;
};

/** Adds a build, which begins at a minute and takes some; one that succeeds makes a slug. */
export function addBuild(app: App, minute: number, change: Partial<Build> = {}): Build {
  const n = app.builds.length + 1;
  const createdMs = START_MS + minute * MINUTE;
  const isFailed = change.ending === 'failed';
  const commit = n.toString(16).padStart(40, 'a');
  const slugId = isFailed ? null : uuid(1, n);
  const settledMs = change.settledMs ?? createdMs + 2 * MINUTE;
  if (slugId !== null)
    app.slugs.set(slugId, { id: slugId, commit, description: 'a change', createdMs: settledMs });
  const build: Build = {
    ...{ id: uuid(2, n), createdMs, settledMs, ending: 'succeeded', user, commit, message: 'a change' },
    ...{ slugId, releaseId: null },
    ...change,
  };
  app.builds.push(build);
  return build;
}

/** Adds a release at a minute, of the newest slug unless said otherwise. */
export function addRelease(app: App, minute: number, change: Partial<Release> = {}): Release {
  const version = app.releases.length + 1;
  const createdMs = START_MS + minute * MINUTE;
  const release: Release = {
    ...{ id: uuid(3, version), version, createdMs, settledMs: createdMs, ending: 'succeeded', user },
    ...{ description: `Deploy ${version}`, hasReleasePhase: false },
    slugId: app.builds.filter(({ slugId }) => slugId !== null).at(-1)?.slugId ?? null,
    ...change,
  };
  app.releases.push(release);
  return release;
}

export interface PollOptions {
  readonly cursor?: Cursor | null;
  readonly sinceMs?: number;
  readonly log?: (message: string) => void;
}

/** One run against this vendor. */
export function poll(self: Vendor, options: PollOptions = {}): AsyncIterable<Page<Cursor>> {
  return heroku.poll({
    http: self.http,
    cursor: options.cursor ?? null,
    settings: { app: self.app.id },
    since: new Date(options.sinceMs ?? START_MS - 24 * 60 * MINUTE),
    now: () => new Date(self.clock),
    log: options.log ?? (() => {}),
  });
}

/** All pages of one run. */
export async function pagesOf(self: Vendor, options: PollOptions = {}): Promise<Page<Cursor>[]> {
  const pages: Page<Cursor>[] = [];
  for await (const page of poll(self, options)) pages.push(page);
  return pages;
}
