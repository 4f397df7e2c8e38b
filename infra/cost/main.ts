/**
 * `npm run cost`: the monthly bill, before anything is deployed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../generate.ts';
import { ConfigurationError } from '../read.ts';
import { readConfigFile } from '../read-config-file.ts';
import { readInstallation } from '../read-installation.ts';
import { billsOf, columnsOf, settingsFor } from './bills.ts';
import { costDocument } from './document.ts';
import { CostUsageError, readOptions, usage } from './options.ts';
import { reportJson, reportLines } from './report.ts';
import { synthesiser } from './synthesise.ts';

const root = join(import.meta.dirname, '..', '..');

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const producers = await generate();
  // Imported only now: they have just been generated.
  const { records } = await import('../../.generated/records.ts');
  const { marts } = await import('../../.generated/marts.ts');
  const installation = readInstallation(await readConfigFile(options.config), producers, new Date());
  using templates = synthesiser({ root, records, marts });
  if (options.writes) {
    writeFileSync(join(root, 'docs', 'cost.md'), costDocument(billsOf(installation, templates)));
    return;
  }
  const minutes = options.freshness === null ? settingsFor(installation) : [options.freshness];
  const columns = columnsOf(installation, options.occurrences, minutes, templates);
  for (const line of reportLines(columns)) console.log(line);
  if (options.isJson) console.log(reportJson(columns));
}

// Whoever reads has read enough, as `head` does.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof CostUsageError;
  if (!isUsage && !(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = isUsage ? 2 : 1;
}
