/**
 * How long a Serverless workgroup is awake, which is what it is paid for.
 *
 * Every COPY and every run of the loader wakes it for at least a minute. Nobody decides when in its interval a
 * delivery stream starts its COPY, so none is taken to fall together with another: the dear case. At best, when all
 * do, it is half of this with one delivery stream.
 */
import { prices } from './prices.ts';
import { sum, type Waker } from './traffic.ts';
import { HOURS } from './workload.ts';

/** The share of the month, 0 to 1. */
export const awakeShare = (wakers: readonly Waker[]): number =>
  Math.min(1, sum(wakers.map(({ times, seconds }) => times * seconds)) / (HOURS * 3600));

/** USD in a month. */
export const awakeUsd = (share: number, rpu: number): number => share * HOURS * rpu * prices.rpuHour.usd;
