/** Distributions that people are drawn from. */
import type { Random } from '../random.ts';

/** Normal, mean 0 and sd 1, by Box and Muller. */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());

/** Median 1. */
export const lognormal = (random: Random, sd: number): number => Math.exp(sd * normal(random));

/** Poisson, by Knuth; for means of a few. */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.fraction(); product > limit; product *= random.fraction()) count += 1;
  return count;
}

export const logistic = (logit: number): number => 1 / (1 + Math.exp(-logit));
