/**
 * `npm run status`: how a pipeline is.
 */
import { connect } from '../ports.ts';
import { type ExitCode, runProgram, type Tools } from '../program.ts';
import { readOptions, usage } from './options.ts';
import { readPipeline } from './readings.ts';
import { reportJson, reportLines } from './report.ts';
import { problems } from './verdict.ts';

async function main({ args, screen, now }: Tools): Promise<ExitCode> {
  const options = readOptions(args);
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const pipeline = await connect(options.place);
  screen.print(`pipeline   ${pipeline.name}`);
  screen.print('');
  const readings = await readPipeline(pipeline, now());
  const wrong = problems(readings, options.limits);
  for (const line of reportLines(readings, wrong)) screen.print(line);
  if (options.json) screen.print(reportJson(readings, wrong));
  return wrong.length === 0 ? 0 : 1;
}

await runProgram(main, () => new Date());
