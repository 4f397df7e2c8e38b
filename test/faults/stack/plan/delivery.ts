/** S3 that refuses, COPYs that fail, load twice or are given up, and a warehouse that is away. */
import { setTimeout as pause } from 'node:timers/promises';
import { AwsError, type Faults } from '../../../../local/services/index.ts';
import type { StackFault } from '../fault.ts';
import type { Stage } from '../stage.ts';

/** Calls the first so many times what it is given; the answer counts. */
function first(times: number, act: () => never): { (): void; readonly struck: number } {
  let struck = 0;
  return Object.defineProperty(
    () => {
      if (struck === times) return;
      struck += 1;
      act();
    },
    'struck',
    { get: () => struck },
  ) as never;
}

const fails = (message: string) => (): never => {
  throw new Error(message);
};

/** Strikes while the slice is delivered. */
const whileDelivered =
  (times: number, message: string, hooks: (strike: () => void) => Faults): StackFault['strike'] =>
  async (stage) => {
    const strike = first(times, fails(message));
    stage.hooks.arm(hooks(strike));
    await stage.pollToTheEnd();
    await stage.land();
    return strike.struck;
  };

const writes =
  (prefix: string) =>
  (strike: () => void): Faults => ({
    beforeWrite: (_bucket, key) => (key.includes(prefix) ? strike() : undefined),
  });

/** COPYs fail until Firehose gives the batch up. */
export async function skipBatch(stage: Stage): Promise<number> {
  const disarm = stage.hooks.arm({ beforeCopy: fails('the warehouse refuses the COPY') });
  let skipped = 0;
  const stop = stage.services.firehose.onDelivered(({ kind }) => {
    if (kind === 'skipped') skipped += 1;
  });
  await stage.pollToTheEnd();
  await stage.land();
  stop();
  disarm();
  return skipped;
}

/** Neither COPY nor loader reach the warehouse for an hour, as the delivery streams count it. */
async function away(stage: Stage): Promise<number> {
  const gone = fails('FATAL: the database system is shutting down');
  let struck = 0;
  const refuse = (): never => {
    struck += 1;
    return gone();
  };
  const disarm = stage.hooks.arm({ beforeCopy: refuse, beforeStatement: refuse });
  await stage.pollToTheEnd();
  const landing = stage.land();
  const isLoaded = await stage.load();
  await pause(3_600_000 / stage.speed);
  disarm();
  await landing;
  return isLoaded ? 0 : struck;
}

const REFUSED = new AwsError('SlowDown', 'Please reduce your request rate.', 503);

export const deliveryFaults: readonly StackFault[] = [
  { name: 'S3 refuses rows', strike: whileDelivered(3, REFUSED.message, writes('landing/')) },
  { name: 'S3 refuses manifests', strike: whileDelivered(2, REFUSED.message, writes('manifests/')) },
  {
    name: 'COPY fails once',
    strike: whileDelivered(1, 'the COPY failed', (strike) => ({ beforeCopy: strike })),
  },
  {
    name: 'COPY loads twice',
    strike: whileDelivered(2, 'the answer of the COPY got lost', (strike) => ({ afterCopy: strike })),
  },
  {
    name: 'COPY fails until it is given up',
    strike: skipBatch,
  },
  { name: 'warehouse away for an hour', strike: away },
];
