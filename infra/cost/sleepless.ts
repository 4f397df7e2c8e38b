/** Warns at synth when a setting would keep a Serverless workgroup awake all month, with what that costs. */
import { Annotations, type Stack } from 'aws-cdk-lib';
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import { awakeShare, awakeUsd } from './awake.ts';
import { money, percent } from './report.ts';
import { type Waker, wakersOf } from './traffic.ts';
import { MINUTES } from './workload.ts';

/** The id of the warning. */
export const SLEEPLESS = 'heimdallr:sleepless-warehouse';

/** The slowest setting there is. */
const SLOWEST_MINUTES = 15;

type Parts = Pick<Pipeline, 'clock' | 'delivery'>;

export function warnOfSleeplessness(stack: Stack, parts: Parts, installation: ResolvedInstallation): void {
  const { warehouse, freshnessMinutes } = installation;
  if (warehouse.mode !== 'serverless') return;
  const share = awakeShare(wakersAt(parts, freshnessMinutes));
  if (share < 1) return;
  const calmer = awakeShare(
    wakersAt(parts, freshnessMinutes).map((waker) => slowed(waker, freshnessMinutes)),
  );
  const rpu = warehouse.baseCapacityRpu;
  Annotations.of(stack).addWarningV2(
    SLEEPLESS,
    [
      `freshnessMinutes: ${freshnessMinutes} keeps the Serverless workgroup awake all month: about ${money(awakeUsd(share, rpu))} USD at ${rpu} RPU;`,
      `with freshnessMinutes: ${SLOWEST_MINUTES} it would be awake for ${percent(calmer)}, about ${money(awakeUsd(calmer, rpu))} USD (npm run cost)`,
    ].join(' '),
  );
}

/** Whatever wakes the warehouse while next to nothing arrives. */
export function wakersAt({ clock, delivery }: Parts, freshnessMinutes: number): readonly Waker[] {
  return wakersOf(
    delivery.streams.map(({ node }) => ({ name: node.path, times: MINUTES / freshnessMinutes, bytes: 0 })),
    clock.starts
      .filter(({ fn }) => fn.usesWarehouse)
      .map(({ fn, everyMinutes }) => ({ service: fn.service, times: MINUTES / everyMinutes, rows: 0 })),
  );
}

/** What runs at the freshness would run at the slowest one; anything rarer stays. */
const slowed = (waker: Waker, freshnessMinutes: number): Waker =>
  waker.times === MINUTES / freshnessMinutes ? { ...waker, times: MINUTES / SLOWEST_MINUTES } : waker;
