/** A producer that dies, is doubled, is held up, or finds the feeds table closed. */
import { AwsError } from '../../../../local/services/index.ts';
import type { StackFault } from '../fault.ts';
import type { Stage } from '../stage.ts';
import { atCall, type Spot } from './call.ts';

const updates = (name: string) => (body: object) => JSON.stringify(body).includes(`":${name}"`);
const table = { part: 'producer', service: 'dynamodb', action: 'UpdateItem' } as const;
const acquire: Spot = { ...table, where: updates('until') };
const save: Spot = { ...table, where: updates('cursor') };
const put: Spot = { part: 'producer', service: 'kinesis', action: 'PutRecords' };

/** Starts a run and holds it at its first put; the next put of another run lets it go on, or whoever calls `goOn`. */
async function held(stage: Stage): Promise<{ readonly goOn: () => void; readonly run: Promise<unknown> }> {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let calls = 0;
  stage.hooks.arm({
    async beforeCall({ service, action }) {
      if (service !== 'kinesis' || action !== 'PutRecords') return;
      calls += 1;
      if (calls > 1) return;
      reached.resolve();
      await gate.promise;
    },
    afterCall({ service, action }) {
      if (service === 'kinesis' && action === 'PutRecords' && calls > 1) gate.resolve();
    },
  });
  const run = stage.poll();
  await reached.promise;
  return { goOn: gate.resolve, run };
}

/** A second run starts while one is at work. */
async function twice(stage: Stage): Promise<number> {
  const { goOn, run } = await held(stage);
  const second = await stage.poll();
  goOn();
  await run;
  return second?.outcome === 'skipped' ? 1 : 0;
}

/** A run comes back when another has its lease and has put. */
async function heldUp(stage: Stage): Promise<number> {
  const { goOn, run } = await held(stage);
  stage.clock.advance(90);
  const second = await stage.poll();
  goOn();
  await run;
  return second !== null && second.pages > 0 ? 1 : 0;
}

/** A run dies as soon as it has the lease; the next ones wait for the lease to run out. */
async function leaseholderDead(stage: Stage): Promise<number> {
  const disarm = stage.hooks.arm({
    afterCall({ service, body }) {
      if (service === 'dynamodb' && updates('until')(body)) stage.kill('producer');
    },
  });
  await stage.poll();
  disarm();
  const next = await stage.poll();
  return next?.outcome === 'skipped' ? 1 : 0;
}

const THROTTLED = new AwsError('ProvisionedThroughputExceededException', 'Rate exceeded', 400);
const BROKEN = new AwsError('InternalServerError', 'The request processing has failed', 500);

export const producerFaults: readonly StackFault[] = [
  {
    name: 'producer killed before a put',
    repeats: true,
    strike: atCall({ spot: put, when: 'before', act: 'killed' }),
  },
  {
    name: 'producer killed after a put',
    repeats: true,
    strike: atCall({ spot: put, when: 'after', act: 'killed' }),
  },
  {
    name: 'producer killed between put and cursor save',
    strike: atCall({ spot: save, when: 'before', act: 'killed' }),
  },
  {
    name: 'producer killed after the cursor save',
    strike: atCall({ spot: save, when: 'after', act: 'killed' }),
  },
  {
    name: 'producer killed in every second run',
    strike: atCall({ spot: save, when: 'before', act: 'killed', times: 3, skip: 1 }),
  },
  { name: 'lease holder dead', strike: leaseholderDead },
  { name: 'two runs of one feed at once', strike: twice },
  { name: 'run held up past its lease', strike: heldUp },
  { name: 'answer to the lease lost', strike: atCall({ spot: acquire, when: 'after', act: 'no answer' }) },
  {
    name: 'answer to the cursor save lost',
    strike: atCall({ spot: save, when: 'after', act: 'no answer', times: 2 }),
  },
  { name: 'feeds table throttled', strike: atCall({ spot: save, when: 'before', act: THROTTLED }) },
  {
    name: 'feeds table away',
    strike: atCall({ spot: save, when: 'before', act: BROKEN, times: 12 }),
  },
];
