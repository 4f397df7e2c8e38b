/** What the simulated company releases, which bugs come and go with it, and what somebody then resolves. */
import { randomFor } from '../random.ts';
import type { Bug } from './catalogue.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export interface Release {
  /** Counted from 1. */
  readonly version: number;
  /** Commit; a release that changes only settings has that of the one before. */
  readonly sha: string;
  /** Milliseconds. */
  readonly at: number;
  readonly status: 'succeeded' | 'failed';
}

export interface Resolve {
  readonly item: number;
  /** Milliseconds. */
  readonly at: number;
  readonly truth: NonNullable<Bug['fix']>;
}

/** A period in which a bug is in the app, in milliseconds; and the release that brought it. */
export interface Stay {
  readonly from: number;
  readonly until: number;
  readonly broughtBy: Release | null;
}

/** A deploy every third day or so; one in ten fails, and some releases change settings only. */
export function releasesOf(seed: number, startMs: number, days: number): readonly Release[] {
  const releases: Release[] = [];
  let sha = randomFor(seed, 'revision', 0).hex(40);
  let live = sha;
  for (let at = startMs + 9 * 60 * MINUTE; at < startMs + days * DAY; ) {
    const version = releases.length + 1;
    const random = randomFor(seed, 'release', version);
    const isCode = random.isChance(0.8);
    const status = isCode && random.isChance(0.1) ? 'failed' : 'succeeded';
    sha = isCode && version > 1 ? random.hex(40) : live;
    if (status === 'succeeded') live = sha;
    releases.push({ version, sha, at, status });
    at += random.integer(36 * 60, 108 * 60) * MINUTE;
  }
  return releases;
}

/** Releases after which another commit runs than before, the first included. */
export function deploysOf(releases: readonly Release[]): readonly Release[] {
  const live = releases.filter(({ status }) => status === 'succeeded');
  return live.filter(({ sha }, index) => sha !== live[index - 1]?.sha);
}

/** Why a bug is in the app when it is. @param from first time of any bug. */
export function stayOf(
  seed: number,
  bug: Bug,
  deploys: readonly Release[],
  span: { readonly from: number; readonly until: number; readonly windowFrom: number },
): Stay {
  if (!bug.isNew) return { from: span.from, until: Number.POSITIVE_INFINITY, broughtBy: null };
  // Early enough that four weeks after it can be seen.
  const latest = Math.max(span.windowFrom + DAY, span.until - 36 * DAY);
  const candidates = deploys.filter(({ at }) => at > span.windowFrom + DAY && at < latest);
  const broughtBy = randomFor(seed, 'brought by', bug.id).pick(candidates);
  const next = deploys.find(({ at }) => at > broughtBy.at);
  const until = bug.isShort && next !== undefined ? next.at : Number.POSITIVE_INFINITY;
  return { from: broughtBy.at, until, broughtBy };
}

/** Somebody resolves what was to be fixed, two to three weeks before the end. */
export const resolvesOf = (seed: number, bugs: readonly Bug[], untilMs: number): readonly Resolve[] =>
  bugs.flatMap(({ id, fix }) => {
    const minutes = randomFor(seed, 'resolved', id).integer(17 * 1440, 24 * 1440);
    return fix === null ? [] : [{ item: id, at: untilMs - minutes * MINUTE, truth: fix }];
  });
