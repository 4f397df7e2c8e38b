/** Writes `docs/data-dictionary.md` from the declarations: `node infra/dictionary.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDictionary } from '../contract/dictionary.ts';
import { generate } from './generate.ts';

await generate();
// Imported only now: they have just been generated.
const { records } = await import('../.generated/records.ts');
const { marts } = await import('../.generated/marts.ts');
writeFileSync(join(import.meta.dirname, '..', 'docs', 'data-dictionary.md'), dataDictionary(records, marts));
