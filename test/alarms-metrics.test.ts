/**
 * The alarms on what the functions really publish: the synthesised stack runs, its metrics are read from the functions'
 * logs as CloudWatch reads them, and the template's own alarms are evaluated on them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AlarmProperties, CloudWatch } from './alarms/cloudwatch.ts';
import { openProject, type Project } from './faults/stack/project.ts';
import { Stage } from './faults/stack/stage.ts';

let project: Project;
let stage: Stage;
let cloudWatch = new CloudWatch();
let published = new Set<string>();
let alarms: readonly { readonly name: string; readonly properties: AlarmProperties }[];

beforeAll(async () => {
  project = await openProject();
  stage = await Stage.start({
    ...{ project, seed: 1, speed: 4800, warehouseUrl: null, isThorough: false },
    onEvent(event) {
      if (event.kind !== 'metric') return;
      const { namespace, name, dimensions, values } = event;
      published.add(keyOf(name, dimensions));
      for (const value of values)
        cloudWatch.put({ namespace, name, dimensions, value, at: stage.clock.now().getTime() });
    },
  });
  const { Resources } = JSON.parse(readFileSync(join(project.assembly, 'Heimdallr.template.json'), 'utf8'));
  const all = Object.values<{ Type: string; Properties: AlarmProperties }>(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties: properties }) => ({
      name: String(/#([a-z-]+)$/.exec(properties.AlarmDescription)?.[1]),
      properties,
    }));
  alarms = all.filter(({ properties }) =>
    CloudWatch.wantedBy(properties).every(({ namespace }) => namespace === 'Heimdallr'),
  );
}, 120_000);
afterAll(async () => {
  await stage?.close();
  await project?.close();
});
beforeEach(() => {
  cloudWatch = new CloudWatch();
  published = new Set();
});

const keyOf = (name: string, dimensions: object): string =>
  JSON.stringify([name, Object.entries(dimensions).toSorted(([one], [other]) => (one < other ? -1 : 1))]);

/** Time passes in steps of five minutes, and whatever is due is done. */
async function live(minutes: number, isLoaded = true): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    await stage.poll();
    if (isLoaded && passed % 15 === 0) {
      await stage.land();
      await stage.load('reload');
      await stage.load();
    }
    stage.clock.advance(300);
  }
}

/** Alarms that sound once the minutes begun are over. */
const sounding = (): readonly string[] =>
  alarms
    .filter(({ properties }) => cloudWatch.sounds(properties, stage.clock.now().getTime()))
    .map(({ name }) => name)
    // It looks a day back, and nothing has run for a day yet.
    .filter((name) => name !== 'ranking-refused')
    .toSorted();

test('in a healthy hour every metric is published under the dimensions that the alarms read, and all are silent', async () => {
  await stage.vendor.pour(60, 170);

  await live(75);

  const wanted = alarms
    .filter(({ name }) => name !== 'ranking-refused')
    .flatMap(({ properties }) => CloudWatch.wantedBy(properties))
    .map(({ name, dimensions }) => keyOf(name, dimensions));
  expect(wanted.length).toBeGreaterThan(10);
  expect(wanted.filter((key) => !published.has(key))).toEqual([]);
  expect(sounding()).toEqual([]);
});

test('a revoked token sounds, and the feed fails', async () => {
  stage.vendor.setFaults([{ kind: 'revoked' }]);

  await live(30);

  stage.vendor.setFaults([]);
  expect(sounding()).toEqual(['feed-failing', 'feed-unauthorised']);
});

test('a feed that is not polled sounds, and what the warehouse shows grows old', async () => {
  for (let passed = 0; passed < 75; passed += 15) {
    await stage.load('reload');
    await stage.load();
    stage.clock.advance(900);
  }

  expect(sounding()).toEqual(['feed-not-polled', 'warehouse-stale']);
});

test('a loader that does not run sounds: silence is trouble', async () => {
  await live(60, false);

  expect(sounding()).toEqual(['warehouse-stale']);
});
