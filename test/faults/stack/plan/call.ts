/** Faults that strike at a call of a function: where, before or after its effect, and what happens then. */
import { AwsError, NoAnswer, type ServiceCall } from '../../../../local/services/index.ts';
import type { StackFault } from '../fault.ts';
import type { Part, Stage } from '../stage.ts';

/** A kind of call. */
export interface Spot {
  readonly part: Part;
  readonly service: ServiceCall['service'];
  readonly action: string;
  /** True for a call that is meant, when not all of them are. */
  readonly where?: (body: ServiceCall['body']) => boolean;
}

/** What happens at the spot. */
export type Act = 'killed' | 'no answer' | AwsError;

export interface Strike {
  readonly spot: Spot;
  readonly when: 'before' | 'after';
  readonly act: Act;
  /** How many calls it happens to (1), and how many of that kind it lets pass first (0). */
  readonly times?: number;
  readonly skip?: number;
}

/** Strikes at calls while the slice flows through the stack. */
export const atCall =
  ({ spot, when, act, times = 1, skip = 0 }: Strike): StackFault['strike'] =>
  async (stage) => {
    const caller = stage.part(spot.part).logicalId;
    let seen = 0;
    const hook = (call: ServiceCall): void => {
      if (call.callerAccessKeyId !== caller || call.service !== spot.service || call.action !== spot.action)
        return;
      if (spot.where !== undefined && !spot.where(call.body)) return;
      seen += 1;
      if (seen <= skip || seen > skip + times) return;
      if (act === 'killed') stage.kill(spot.part);
      throw act instanceof AwsError ? act : new NoAnswer('no answer');
    };
    stage.hooks.arm(when === 'before' ? { beforeCall: hook } : { afterCall: hook });
    await flow(stage, spot.part);
    return Math.max(0, Math.min(seen - skip, times));
  };

/** Lets the slice flow as far as the part that is struck. */
export async function flow(stage: Stage, part: Part): Promise<void> {
  await stage.pollToTheEnd();
  if (part === 'producer') return;
  await stage.land();
  if (part === 'loader') for (let tries = 0; tries < 3 && !(await stage.load()); tries += 1);
}
