/**
 * The users of the shop: few are there all the time, most now and then, as Zipf found it for words.
 *
 * Who meets a bug matters more than how often it happens: a bug that a few regulars hit all day fills the
 * tracker, one that newcomers hit once costs users. So every bug has an audience. Names and addresses cannot be
 * mistaken for real ones.
 */
import { type Random, randomFor } from '../../../../simulation/random.ts';
import { userId } from '../../../../simulation/users/users.ts';

export interface Shopper {
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly ip: string;
  readonly platform: Platform;
  readonly locale: string;
}

export type Platform = 'web' | 'ios';
export type Audience = 'everyone' | 'regulars' | 'newcomers' | 'few' | 'nobody';

export interface Shoppers {
  /** Who meets it; null when nobody does, or nobody who is logged in. */
  meet(random: Random, platform: Platform, audience: Audience): Shopper | null;
}

interface Crowd {
  readonly shoppers: readonly Shopper[];
  /** Running sums of the weights. */
  readonly upTo: readonly number[];
}

/** The share of visits without a login. */
const LOGGED_OUT = 0.08;
/** Ranges kept for documents by RFC 5737. */
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113'];

/** @param shoppers those who come most, first. */
export function createShoppers(shoppers: readonly Shopper[]): Shoppers {
  const crowds = new Map<string, Crowd>();
  for (const platform of ['web', 'ios'] as const) {
    const here = shoppers.filter((someone) => someone.platform === platform);
    const tenth = Math.ceil(here.length / 10);
    crowds.set(`${platform}/everyone`, crowd(here, 0.9));
    crowds.set(`${platform}/regulars`, crowd(here.slice(0, tenth), 1.2));
    crowds.set(`${platform}/newcomers`, crowd(here.slice(-5 * tenth), 0));
    crowds.set(`${platform}/few`, crowd(here.slice(tenth, tenth + 5), 0));
  }
  return {
    meet(random, platform, audience) {
      const met = crowds.get(`${platform}/${audience}`);
      return met && !random.isChance(LOGGED_OUT) ? oneOf(met, random) : null;
    },
  };
}

/** The n-th shopper. */
export function shopperOf(seed: number, n: number): Shopper {
  const random = randomFor(seed, 'shopper', n);
  const id = userId(n);
  const number = id.replace('user-', '');
  return {
    id,
    username: random.isChance(0.7) ? `shopper-${number}` : null,
    email: random.isChance(0.6) ? `${id}@example.invalid` : null,
    ip: `${random.pick(NETWORKS)}.${random.integer(1, 254)}`,
    platform: random.weighted([
      ['web', 7],
      ['ios', 3],
    ]),
    locale: random.pick(['en-GB', 'en-US', 'de-DE', 'fr-FR', 'ja-JP']),
  };
}

function crowd(shoppers: readonly Shopper[], exponent: number): Crowd {
  let sum = 0;
  const upTo = shoppers.map((_, rank) => {
    sum += 1 / (rank + 2) ** exponent;
    return sum;
  });
  return { shoppers, upTo };
}

function oneOf({ shoppers, upTo }: Crowd, random: Random): Shopper | null {
  const point = random.fraction() * (upTo.at(-1) ?? 0);
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((upTo[middle] ?? 0) > point) high = middle;
    else low = middle + 1;
  }
  return shoppers[low] ?? null;
}
