/**
 * CircleCI, played honestly: one project of a company that builds all day.
 *
 * It has the vendor's habits that lose rows: page tokens that expire, pipelines that never say how they ended,
 * reruns that appear under an old pipeline hours later, jobs listed by two workflows, approvals that wait for hours.
 *
 *   node producers/circleci/simulator.ts [--port N] [--host 127.0.0.1] [--since-hours 24] [--seed 1]
 *     [--live PER_MINUTE] [--start-at TIME] [--token TOKEN] [--with-parent]
 *
 * Once it listens, the first line on stdout is {"listening":"http://127.0.0.1:PORT"}.
 */
import { parseCommandLine, runAsProgram } from '../../simulation/command-line.ts';
import { startSimulator } from './simulator/start.ts';

export { type Simulator, type SimulatorOptions, startSimulator } from './simulator/start.ts';

if (import.meta.main) {
  await runAsProgram('circleci', async () => {
    const { options, isWithParent } = parseCommandLine(process.argv.slice(2));
    return { started: await startSimulator(options), isWithParent };
  });
}
