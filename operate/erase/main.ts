/**
 * `npm run erase`: takes a person out of the warehouse and the archive.
 */
import { records } from '../../.generated/records.ts';
import { connect } from '../ports.ts';
import { bar, type ExitCode, runProgram, type Tools } from '../program.ts';
import { eraseFromArchive } from './archive.ts';
import { readOptions, usage } from './options.ts';
import { personOf } from './person.ts';
import { isErased, progress, reportJson, reportLines } from './report.ts';
import { eraseFromTables, unsearched } from './tables.ts';

async function main({ args, screen, stopped }: Tools): Promise<ExitCode> {
  const options = readOptions(args);
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const { isDryRun } = options;
  const pipeline = await connect(options.place);
  screen.print(`pipeline   ${pipeline.name}`);
  const person = await personOf(options.person, pipeline);
  const sql = pipeline.warehouse();
  // The archive first: a batch that Firehose skipped is loaded from there.
  const archive = await eraseFromArchive(person, {
    ...{ types: records, isDryRun, stopped },
    objects: pipeline.bucket(pipeline.output('ArchiveBucketName')),
    onObject: (done, all) => screen.show(`${progress(done, all)}  ${bar(done / all)}`),
  });
  screen.clear();
  const outcome = {
    archive,
    names: person.names.length,
    tables: stopped.aborted ? [] : await eraseFromTables(sql, records, person, isDryRun),
    unsearched: stopped.aborted ? [] : await unsearched(sql, records),
  };
  for (const line of reportLines(outcome, isDryRun)) screen.print(line);
  if (stopped.aborted) screen.print('stopped    before the end; the same command goes on');
  if (options.json) screen.print(reportJson(outcome, isDryRun, stopped.aborted));
  if (stopped.aborted) return 130;
  return isDryRun || isErased(outcome) ? 0 : 1;
}

await runProgram(main, () => new Date());
