/**
 * Heroku, played honestly: two apps of a company that deploys all day.
 *
 * It has the vendor's habits that lose rows: lists by random ids unless a range is asked for, ranges that say 206
 * and where to go on, rows that change in place under their version, failed builds without a release.
 *
 *   node producers/heroku/simulator.ts [--port N] [--host 127.0.0.1] [--since-hours 24] [--seed 1]
 *     [--live PER_MINUTE] [--start-at TIME] [--token TOKEN] [--with-parent]
 *
 * Once it listens, the first line on stdout is {"listening":"http://127.0.0.1:PORT"}.
 */
import { parseCommandLine, runAsProgram } from '../../simulation/command-line.ts';
import { startSimulator } from './simulator/start.ts';

export { type Simulator, type SimulatorOptions, startSimulator } from './simulator/start.ts';

if (import.meta.main) {
  await runAsProgram('heroku', async () => {
    const { options, isWithParent } = parseCommandLine(process.argv.slice(2));
    return { started: await startSimulator(options), isWithParent };
  });
}
