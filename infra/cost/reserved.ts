/** How much of the account's concurrency the functions of an installation take for themselves. */
import type { ResolvedInstallation } from '../read-installation.ts';
import { synthesiser } from './synthesise.ts';
import { at, resourcesOf } from './template.ts';
import { sum } from './traffic.ts';

/** Executions at once that are reserved; the generated files must be there. */
export async function reservedConcurrency(root: string, installation: ResolvedInstallation): Promise<number> {
  const { records } = await import('../../.generated/records.ts');
  const { marts } = await import('../../.generated/marts.ts');
  using templates = synthesiser({ root, records, marts });
  return sum(
    resourcesOf(templates.template(installation)).map(({ properties }) =>
      Number(at(properties, 'ReservedConcurrentExecutions') ?? 0),
    ),
  );
}
