/**
 * `npm run redrive`: puts back on the stream what was rejected or given up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../ports.ts';
import { bar, count, type ExitCode, many, runProgram, spoken, type Tools } from '../program.ts';
import { readOptions, usage } from './options.ts';
import { redrive } from './redrive.ts';
import { reportJson, reportLines } from './report.ts';

async function main({ args, screen, now, stopped }: Tools): Promise<ExitCode> {
  const options = readOptions(args, now());
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const pipeline = await connect(options.place);
  screen.print(`pipeline   ${pipeline.name}`);
  const startedAt = now().getTime();
  const stream = pipeline.stream(pipeline.output('FactStreamName'));
  const tally = await redrive(options, {
    objects: pipeline.bucket(pipeline.output('ArchiveBucketName')),
    put: { stream, clock: { sleep: (milliseconds) => sleep(milliseconds) }, random: Math.random },
    stopped,
    onObject(done, all, { records }) {
      const left = ((now().getTime() - startedAt) / done) * (all - done);
      screen.show(
        `redrive    ${bar(done / all)}  ${count(done)} of ${many(all, 'object')}, ${many(records, 'record')}, about ${spoken(left)} left`,
      );
    },
  });
  for (const line of reportLines(tally, options.isDryRun)) screen.print(line);
  if (stopped.aborted) screen.print('stopped    before the end; the same command goes on');
  if (options.json) screen.print(reportJson(tally, options.isDryRun, stopped.aborted));
  if (stopped.aborted) return 130;
  return tally.stuck.length === 0 ? 0 : 1;
}

await runProgram(main, () => new Date());
