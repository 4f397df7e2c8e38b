/**
 * `npm run report`: which bugs cost the most users, as a page, a table or a few lines.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { csv } from '../../report/csv.ts';
import { digest } from '../../report/digest.ts';
import { page } from '../../report/page/page.ts';
import { type Report, readReport } from '../../report/read.ts';
import { type ExitCode, runProgram, type Tools } from '../program.ts';
import { type Options, readOptions, usage } from './options.ts';
import { openWarehouse } from './ports.ts';

async function main({ args, screen, now }: Tools): Promise<ExitCode> {
  const options = readOptions(args);
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const warehouse = await openWarehouse(options);
  const report = await readReport(warehouse.select, now()).finally(warehouse.close);
  const text = written(report, options.form);
  if (options.out === null) {
    screen.print(text.trimEnd());
    return 0;
  }
  const file = resolve(options.out);
  save(file, text);
  screen.print(`warehouse  ${warehouse.name}`);
  screen.print(`report     ${pathToFileURL(file).href}`);
  screen.print(digest(report).text.trimEnd());
  return 0;
}

function written(report: Report, form: Options['form']): string {
  if (form === 'json') return `${JSON.stringify(report)}\n`;
  if (form === 'csv') return csv(report);
  return form === 'digest' ? digest(report).text : page(report);
}

/** Whole or not at all: the page of before stays until the new one is there. */
function save(file: string, text: string): void {
  try {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} cannot be written (${reason}); name another with --out`);
  }
}

await runProgram(main, () => new Date());
