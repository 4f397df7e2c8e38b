/**
 * `npm run preflight`: what is missing before a deployment, and after it.
 */
import { join } from 'node:path';
import type { FeedEvent } from '../../contract/feed.ts';
import { reservedConcurrency } from '../../infra/cost/reserved.ts';
import { firehoseBlock } from '../../infra/firehose-block.ts';
import { generate } from '../../infra/generate.ts';
import { ConfigurationError } from '../../infra/read.ts';
import { readConfigFile } from '../../infra/read-config-file.ts';
import { readInstallation } from '../../infra/read-installation.ts';
import { PLACE_FLAGS, PLACE_USAGE, readFlags, readPlace } from '../command-line.ts';
import { connect } from '../ports.ts';
import { type ExitCode, many, runProgram, type Tools } from '../program.ts';
import { lines } from './checks.ts';
import { type Finding, missing as lacking } from './finding.ts';
import { ask, realPorts } from './ports.ts';
import { localPreflight, preflight } from './preflight.ts';

const usage = `Says what is missing before a deployment: configuration, credentials, region, quotas, tokens, permissions.

  npm run preflight -- --region REGION
  npm run preflight -- --data DIR

  --config FILE          another installation than heimdallr.config.ts
${PLACE_USAGE}

Each vendor is asked once, with the token that stands in the feed's secret. Exit codes: 0 nothing is missing, though something may
be unchecked; 1 something is missing; 2 the command line cannot be followed.`;

const root = join(import.meta.dirname, '..', '..');

async function main({ args, screen, now }: Tools): Promise<ExitCode> {
  const given = readFlags(args, { ...PLACE_FLAGS, config: { type: 'string' } }, 'npm run preflight');
  if (given.help === true) {
    screen.print(usage);
    return 0;
  }
  const place = readPlace(given);
  const producers = await generate();
  const findings =
    'dataDir' in place
      ? await onThisMachine(place.dataDir)
      : await inAccount(place, given.config ?? 'heimdallr.config.ts');
  for (const line of lines(findings)) screen.print(line);
  const missing = findings.filter(({ verdict }) => verdict === 'missing').length;
  screen.print(missing === 0 ? 'nothing is missing' : `${many(missing, 'thing')} missing`);
  if (given.json === true) screen.print(JSON.stringify({ missing, findings }));
  return missing === 0 ? 0 : 1;

  async function onThisMachine(dataDir: string): Promise<readonly Finding[]> {
    const pipeline = await connect({ dataDir });
    const events = (await pipeline.starts())
      .map(({ input }): Partial<FeedEvent> => JSON.parse(input))
      .filter((event): event is FeedEvent => event.feed !== undefined && event.task === undefined);
    const sql = pipeline.warehouse();
    return localPreflight({ dataDir, producers, events, sql, secret: pipeline.secret, now: now() }, ask);
  }

  async function inAccount(
    { stack, region }: { readonly stack: string; readonly region: string | null },
    config: string,
  ): Promise<readonly Finding[]> {
    try {
      const installation = readInstallation(await readConfigFile(config), producers, now());
      const reserved = await reservedConcurrency(root, installation);
      return await preflight(
        { installation, stack, reserved, firehoseBlock, now: now() },
        realPorts(region, stack),
      );
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.message.split('\n').map((words) => lacking('configuration', words));
    }
  }
}

await runProgram(main, () => new Date());
