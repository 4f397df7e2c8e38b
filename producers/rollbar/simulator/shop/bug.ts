/** What a bug of the shop is: how often, whom it hits, from which release to which, and what it reports. */
import { rawNumber } from '../../../../simulation/exact-json.ts';
import type { Random } from '../../../../simulation/random.ts';
import type { Payload } from '../payload.ts';
import type { Audience, Platform, Shopper } from './shoppers.ts';

export interface Bug {
  readonly name: string;
  /** How often, compared with the others. */
  readonly weight: number;
  readonly platform: Platform;
  readonly audience: Audience;
  /** The first is where it is looked up when somebody resolves it. */
  readonly environments: readonly (readonly [string, number])[];
  /** In the shop from the n-th release on, for some releases, and again every so many; always if left out. */
  readonly lives?: { readonly from: number; readonly releases: number; readonly every: number };
  readonly payload: (scene: Scene) => Payload;
}

/** The moment in which a bug strikes. */
export interface Scene {
  readonly random: Random;
  readonly ms: number;
  /** When it happened, if it is reported later and the clock of the device is right. */
  readonly happenedMs?: number;
  readonly environment: string;
  readonly release: Release;
  readonly shopper: Shopper | null;
}

export interface Release {
  /** Counts the successful ones, from 0. */
  readonly index: number;
  readonly revision: string;
}

export function isAlive({ lives }: Bug, release: number): boolean {
  if (!lives) return true;
  const age = release - lives.from;
  return age >= 0 && age % lives.every < lives.releases;
}

export function person({ shopper }: Scene): Payload {
  if (!shopper) return {};
  return { person: { id: shopper.id, username: shopper.username, email: shopper.email } };
}

/** A number in the range of snowflake ids, beyond 2^53. */
export function snowflake(random: Random): unknown {
  return rawNumber(`18${random.digits(17)}`);
}

/** Rarely, what customers really put into `custom`; JSON text that survives no careless copy. */
export function oddities(random: Random): Payload {
  if (!random.isChance(0.03)) return {};
  return {
    u64: rawNumber('18446744073709551615'),
    money: rawNumber('12345678901234567.89'),
    tiny: rawNumber('1e-400'),
    text: 'nul \u0000, an astral 😀, half a pair \ud800, "quotes" and a\nnew line',
    ['__proto__']: { x: 1 },
    '': 'empty key',
    Key: 'upper',
    key: 'lower',
  };
}

export function frame(filename: string, lineno: number, method: string, code?: string): Payload {
  if (code === undefined) return { filename, lineno, method };
  return {
    filename,
    lineno,
    method,
    code,
    context: { pre: ['', '  // as the day before'], post: ['  }', ''] },
  };
}
