/**
 * The story of several weeks: the shop's users are those whose activity the company writes down, and what they met has
 * made some of them stay away.
 *
 * Bugs live from one release to another as there, and whatever nobody meets goes on beside it.
 */
import type { Company } from '../../../../simulation/company.ts';
import { type Met, usersOf } from '../../../../simulation/users/users.ts';
import type { Bug } from './bug.ts';
import { type Shopper, shopperOf } from './shoppers.ts';

export interface Story {
  readonly bugs: readonly Bug[];
  /** By number. */
  readonly shoppers: readonly Shopper[];
  /** What was met before the start, by time of receipt. */
  readonly met: readonly Met[];
}

/**
 * @param bugs of the shop.
 * @throws {Error} when a bug that users meet is none of the shop.
 */
export function storyOf(company: Company, bugs: readonly Bug[]): Story {
  const { users, met, lives } = usersOf(company);
  const unknown = [...lives.keys()].filter((name) => !bugs.some((bug) => bug.name === name));
  if (unknown.length > 0) throw new Error(`the shop has no bugs named ${unknown.join(', ')}`);
  return {
    met,
    bugs: bugs.map((bug) => {
      const life = lives.get(bug.name);
      return life === undefined ? bug : { ...bug, lives: { ...life, every: Number.POSITIVE_INFINITY } };
    }),
    shoppers: users.map(({ platform }, n) => ({ ...shopperOf(company.seed, n), platform })),
  };
}
