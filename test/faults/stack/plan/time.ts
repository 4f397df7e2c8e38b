/** Clocks that jump, and a deployment that adds a column while records are on their way. */
import { NoAnswer } from '../../../../local/services/index.ts';
import type { StackFault } from '../fault.ts';
import { ADDED } from '../project.ts';
import type { Stage } from '../stage.ts';

/** The machine of the producer shows another time for one run. */
const jumps =
  (seconds: number): StackFault['strike'] =>
  async (stage) => {
    const { name } = stage.part('producer');
    stage.clock.skew(name, seconds);
    const summary = await stage.poll();
    stage.clock.skew(name, 0);
    const difference = Math.abs(Date.parse(isoOf(summary?.run_id ?? '')) - stage.clock.now().getTime());
    return difference > Math.abs(seconds) * 500 ? 1 : 0;
  };

/** 20261123T183000123Z-… as an instant. */
const isoOf = (runId: string): string =>
  runId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z');

/** Everything stands still for hours, in the middle of a slice, while the vendor goes on. */
async function sleeps(stage: Stage): Promise<number> {
  await stage.poll();
  for (let minute = 0; minute < 180; minute += 1) {
    stage.clock.advance(60);
    if (minute % 10 === 0) stage.vendor.meet();
  }
  return 1;
}

/** A column is added to occurrences while occurrences without it are on the stream and in the landing table. */
async function columnAdded(stage: Stage): Promise<number> {
  const changed = await stage.project.changed();
  await stage.poll();
  await stage.land();
  stage.vendor.meet();
  const disarm = stage.hooks.arm({
    beforeCall({ service }) {
      if (service !== 'firehose') return;
      stage.kill('transform');
      throw new NoAnswer('no answer');
    },
  });
  stage.clock.advance(60);
  await stage.poll();
  await stage.deploy(changed);
  disarm();
  await stage.land();
  const without = await stage.count(
    `select count(*) from heimdallr.landing where record_type = 'rollbar_occurrence' and not jsonb_exists(body, '${ADDED}')`,
  );
  await stage.loadAll();
  stage.vendor.meet();
  await stage.pollToTheEnd();
  await stage.land();
  await stage.loadAll();
  const filled = await stage.count(`select count(${ADDED}) from heimdallr.rollbar_occurrence`);
  return filled > 0 ? without : 0;
}

export const timeFaults: readonly StackFault[] = [
  { name: 'clock of the producer 10 min ahead', strike: jumps(600) },
  { name: 'clock of the producer 10 min behind', strike: jumps(-600) },
  { name: 'everything asleep for three hours', strike: sleeps },
  // The last one: the stage is another afterwards.
  { name: 'column added while records are on their way', strike: columnAdded },
];
