/** The simulated users: what they do follows from the seed, and what a bug costs follows from what it does. */
import { expect, test } from 'vitest';
import { CAUSE } from '../simulation/world/catalogue.ts';
import { DAY_MS } from '../simulation/world/life.ts';
import { type ItemTruth, makeWorld, smallWorld, type World } from '../simulation/world/world.ts';

const world = makeWorld(smallWorld);

const named = (name: string, { truth }: World = world): ItemTruth => {
  const found = [...truth.values()].find(({ bug }) => bug.name === name);
  if (found === undefined) throw new RangeError(`no bug is called ${name}`);
  return found;
};

const dayOf = (ms: number): number => Math.floor((ms - smallWorld.startMs) / DAY_MS);

test('the same seed gives the same world, another seed another', () => {
  const { occurrences, activity, releases } = makeWorld(smallWorld);

  expect({ occurrences, activity, releases }).toEqual({
    occurrences: world.occurrences,
    activity: world.activity,
    releases: world.releases,
  });
  expect(makeWorld({ ...smallWorld, seed: 2 }).activity.length).not.toBe(activity.length);
});

test('harmless bugs and symptoms change nobody’s return, harmful ones lower it', () => {
  const effects = [...world.truth.values()].map(({ bug, atHorizon }) => ({
    kind: bug.kind,
    isHarm: atHorizon[7].rd < 0,
  }));

  expect(effects.filter(({ isHarm }) => isHarm).map(({ kind }) => kind)).toEqual(
    Array.from({ length: 12 }, () => 'harmful'),
  );
  expect(effects.filter(({ kind }) => kind === 'harmful')).toHaveLength(12);
});

test('without effects no bug harms anybody', () => {
  const { truth } = makeWorld({ ...smallWorld, effectScale: 0 });

  expect([...truth.values()].filter(({ atHorizon }) => atHorizon[7].lost !== 0)).toEqual([]);
});

test('a crash that is reported at the next launch is heard of only from those who came back', () => {
  const { bug } = named('Native crash');
  const crashes = world.occurrences.filter(({ item }) => item === bug.id);
  const visits = new Set(world.activity.map(({ user, at }) => `${user} ${dayOf(at)}`));

  expect(crashes.length).toBeGreaterThan(50);
  expect(crashes.filter(({ at, receivedAt }) => dayOf(receivedAt) <= dayOf(at))).toEqual([]);
  const unseen = crashes.filter(({ user, receivedAt }) => !visits.has(`${user} ${dayOf(receivedAt)}`));
  expect(unseen.length / crashes.length).toBeLessThan(0.05);
});

test('a login that fails hides most of its days from the activity table', () => {
  const { bug } = named('Login refused');
  const visits = new Set(world.activity.map(({ user, at }) => `${user} ${dayOf(at)}`));
  const met = new Set(
    world.occurrences.filter(({ item }) => item === bug.id).map(({ user, at }) => `${user} ${dayOf(at)}`),
  );
  const hidden = [...met].filter((userDay) => !visits.has(userDay));

  expect(hidden.length / met.size).toBeGreaterThan(0.6);
  expect(hidden.length / met.size).toBeLessThan(0.8);
});

test('a bug is met only while a release that has it runs', () => {
  const brought = [...world.truth.values()].filter(({ broughtBy }) => broughtBy !== null);
  const early = brought.flatMap(({ bug, broughtBy }) =>
    world.occurrences.filter(({ item, at }) => item === bug.id && at < (broughtBy?.at ?? 0)),
  );

  expect(brought).toHaveLength(10);
  expect(early).toEqual([]);
});

test('one occurrence in twelve names nobody, and the symptom comes with its cause', () => {
  const unnamed = world.occurrences.filter(({ isIdentified }) => !isIdentified).length;
  const cause = named(CAUSE.name).bug.id;
  const symptom = named('Account not found').bug.id;
  const causeDays = new Set(
    world.occurrences.filter(({ item }) => item === cause).map(({ user, at }) => `${user} ${dayOf(at)}`),
  );

  expect(unnamed / world.occurrences.length).toBeCloseTo(0.08, 2);
  const alone = world.occurrences.filter(
    ({ item, user, at }) => item === symptom && !causeDays.has(`${user} ${dayOf(at)}`),
  );
  // An error at midnight may fall on the next day.
  expect(alone.length).toBeLessThan(5);
});

test('a world too short for its window is refused', () => {
  expect(() => makeWorld({ ...smallWorld, days: 80 })).toThrow(
    'days must be at least windowDays + 30 = 100, got 80',
  );
});
