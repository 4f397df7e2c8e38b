/** Runs seeds that are sent to it, one after the other, on a warehouse of its own. */
import process from 'node:process';
import type { WorldSettings } from '../../simulation/world/world.ts';
import { openWarehouse } from '../warehouse-world.ts';
import { runSeed, type Scenario, type SeedResult } from './seed.ts';

export interface Task {
  readonly settings: WorldSettings;
  readonly scenarios: readonly Scenario[];
}

/** What a worker says: a result, or that it has nothing left to do. */
export type Said = { readonly result: SeedResult } | { readonly isIdle: true };

const say = (said: Said): void => void process.send?.(said);

const warehouse = await openWarehouse(process.argv[2] ?? 'memory:');

process.on('message', async (task: Task) => {
  try {
    await runSeed(task.settings, task.scenarios, warehouse, (result) => say({ result }));
    say({ isIdle: true });
  } catch (error) {
    process.stderr.write(
      `seed ${task.settings.seed}: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exit(1);
  }
});
process.on('disconnect', () => process.exit(0));
say({ isIdle: true });
