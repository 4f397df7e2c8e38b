/** A vendor on its bad days: what it answers instead of its rows, and rows that change while they are read. */
import type { Fault as VendorFault } from '../../../../simulation/faults.ts';
import type { StackFault } from '../fault.ts';
import type { Stage } from '../stage.ts';

/** The vendor answers so for a while. */
const answers =
  (...faults: readonly VendorFault[]): StackFault['strike'] =>
  async (stage) => {
    stage.vendor.setFaults(faults);
    await stage.pollToTheEnd();
    return faults.reduce((sum, { times = 1 }) => sum + times, 0) - (await stage.vendor.faultsLeft());
  };

/** The token is revoked, and a person gives it back after three minutes. */
async function revoked(stage: Stage): Promise<number> {
  stage.vendor.setFaults([{ kind: 'revoked' }]);
  let refused = 0;
  for (let minute = 0; minute < 3; minute += 1) {
    const summary = await stage.poll();
    if (summary?.error?.kind === 'unauthorized') refused += 1;
    stage.clock.advance(60);
  }
  return refused;
}

/** Every put of the run meets an item that has just changed again. */
async function changing(stage: Stage): Promise<number> {
  let changes = 0;
  stage.hooks.arm({
    beforeCall({ service, action }) {
      if (service !== 'kinesis' || action !== 'PutRecords' || changes === 20) return;
      changes += 1;
      stage.vendor.meet();
    },
  });
  await stage.pollToTheEnd();
  return changes;
}

const instances = { path: '/instances' } as const;

export const vendorFaults: readonly StackFault[] = [
  // The first one: every answer of a vendor that holds more has a hundred such rows.
  { name: 'vendor: rows of 1 MB', atMost: 10, strike: answers({ kind: 'padded', ...instances }) },
  { name: 'vendor: 429, wait 30 s', strike: answers({ kind: 'rate_limited', times: 2, seconds: 30 }) },
  {
    name: 'vendor: 500',
    // Six end a run, and take seconds of real waiting; two are got over within it.
    strike: (stage) => answers({ kind: 'server_error', times: stage.isThorough ? 6 : 2 })(stage),
  },
  { name: 'vendor: 403', strike: answers({ kind: 'forbidden', ...instances }) },
  { name: 'vendor: HTML', strike: answers({ kind: 'html' }) },
  {
    name: 'vendor: JSON cut off',
    strike: answers({ kind: 'truncated', times: 3, ...instances }),
  },
  {
    name: 'vendor: 200 with err 1',
    strike: answers({ kind: 'err1', ...instances }, { kind: 'err1', path: '/items' }),
  },
  { name: 'vendor: slow drip', strike: answers({ kind: 'slow', seconds: 0.005, ...instances }) },
  { name: 'vendor: connection reset', strike: answers({ kind: 'reset', times: 2 }) },
  { name: 'token revoked and restored', strike: revoked },
  { name: 'item changes while it is read', strike: changing },
];
