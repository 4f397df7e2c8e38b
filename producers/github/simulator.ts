/**
 * GitHub, played honestly: one repository of a company that pushes and deploys all day.
 *
 * It has the vendor's habits that lose rows: searches that show 1,000 rows and keep silent about the rest, pages by
 * number, runs that are run again under their id, deployments whose outcome stands in a list of its own.
 *
 *   node producers/github/simulator.ts [--port N] [--host 127.0.0.1] [--since-hours 24] [--seed 1]
 *     [--live PER_MINUTE] [--start-at TIME] [--token TOKEN] [--with-parent]
 *
 * Once it listens, the first line on stdout is {"listening":"http://127.0.0.1:PORT"}.
 */
import { parseCommandLine, runAsProgram } from '../../simulation/command-line.ts';
import { startSimulator } from './simulator/start.ts';

export { type Simulator, type SimulatorOptions, startSimulator } from './simulator/start.ts';

if (import.meta.main) {
  await runAsProgram('github', async () => {
    const { options, isWithParent } = parseCommandLine(process.argv.slice(2));
    return { started: await startSimulator(options), isWithParent };
  });
}
