/**
 * Rollbar, played honestly: a server that answers as api.rollbar.com does, with a small shop that fails all day.
 *
 * A stub that returns a fixture agrees with whoever wrote it. This one has the vendor's habits that lose rows:
 * pages ordered by time and filtered by id, rows that appear late, ids that run ahead, items that change in
 * place, a rate limit, and errors that repeat the token. What no document states is chosen against the client.
 *
 *   node producers/rollbar/simulator.ts [--port N] [--host 127.0.0.1] [--occurrences N] [--since-hours 24]
 *     [--seed 1] [--live PER_MINUTE] [--ordering H1|H2|H3] [--late 0.01] [--token TOKEN] [--demo] [--with-parent]
 *
 * With three weeks of a past or more, and no number of occurrences, its users are those of simulation/users, whose
 * activity the company writes down; otherwise it is a busy day (2000).
 *
 * Once it listens and the past is there, the first line on stdout is {"listening":"http://127.0.0.1:PORT"}.
 */
import { runFromCommandLine } from './simulator/command-line.ts';

export { type Simulator, type SimulatorOptions, startSimulator } from './simulator/start.ts';

if (import.meta.main) await runFromCommandLine(process.argv.slice(2));
