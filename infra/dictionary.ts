/**
 * Writes the dictionaries from the declarations: `docs/data-dictionary.md` and `producers/<name>/tables.md`.
 *
 * It refuses to write down a column that became narrower: the record type needs a new version, and so a new table.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDictionary, narrowings, producerTables } from '../contract/dictionary.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { generate } from './generate.ts';

const root = join(import.meta.dirname, '..');
const producers = await generate();
// Imported only now: they have just been generated.
const { marts } = await import('../.generated/marts.ts');

for (const producer of producers) {
  const path = join(root, 'producers', producer.name, 'tables.md');
  const narrower = existsSync(path) ? narrowings(readFileSync(path, 'utf8'), producer.records) : [];
  if (narrower.length > 0) {
    console.error(
      `producers/${producer.name}: ${narrower.join('; ')}; raise the version of the record type, which makes a new table`,
    );
    process.exit(1);
  }
  writeFileSync(path, producerTables(producer));
}
writeFileSync(join(root, 'docs', 'data-dictionary.md'), dataDictionary(ledgerRecords, marts));
