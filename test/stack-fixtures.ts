/** Small functions, written to a temporary folder, and a Lambda to run them in. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDestinations } from '../local/stack/destinations.ts';
import type { StackEvent } from '../local/stack/events.ts';
import { type FunctionDefinition, Functions } from '../local/stack/functions.ts';
import type { JsonObject } from '../local/stack/json.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Objects by `bucket/key`; a bucket named `closed` refuses. */
export class FakeBuckets {
  readonly objects = new Map<string, string>();

  async put(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
    if (bucket === 'closed') throw new Error('AccessDenied');
    this.objects.set(`${bucket}/${key}`, Buffer.from(bytes).toString('utf8'));
  }
}

export interface Bench {
  readonly dataDir: string;
  readonly functions: Functions;
  readonly buckets: FakeBuckets;
  readonly events: StackEvent[];
  /** Deploys a function; `code` is the text of index.mjs unless `file` says otherwise. */
  deploy(code: string, settings?: Partial<FunctionDefinition>, file?: string): FunctionDefinition;
  /** Lines of the function's log file. */
  log(name: string): readonly string[];
}

/** A Lambda of one test. */
export function bench(
  options: { speed?: number; dataDir?: string; clockAhead?: (name: string) => number } = {},
): Bench {
  const dataDir = options.dataDir ?? temporaryFolder();
  const events: StackEvent[] = [];
  const buckets = new FakeBuckets();
  const functions = new Functions({
    dataDir,
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    speed: options.speed ?? 1,
    now: () => new Date('2026-11-23T18:30:00Z'),
    destinations: createDestinations(buckets, dataDir),
    onEvent: (event) => events.push(event),
    clockAhead: options.clockAhead,
  });
  onTestFinished(() => functions.close());
  let count = 0;
  return {
    dataDir,
    functions,
    buckets,
    events,
    deploy(code, settings = {}, file = 'index.mjs') {
      count += 1;
      const name = settings.name ?? `function-${count}`;
      const codeDir = join(dataDir, 'bundles', name);
      mkdirSync(codeDir, { recursive: true });
      writeFileSync(join(codeDir, file), code);
      const definition: FunctionDefinition = {
        logicalId: `Logical${count}`,
        name,
        arn: `arn:aws:lambda:us-east-1:111111111111:function:${name}`,
        roleArn: 'arn:aws:iam::111111111111:role/role',
        codeDir,
        handler: 'index.handler',
        runtime: 'nodejs24.x',
        environment: {},
        memoryMb: 256,
        timeoutSeconds: 5,
        reservedConcurrency: null,
        logGroupName: `/aws/lambda/${name}`,
        asynchronous: { maximumRetryAttempts: 2, maximumEventAgeSeconds: 21_600, onFailure: null },
        ...settings,
      };
      functions.deploy(definition);
      return definition;
    },
    log(name) {
      if (!readdirSync(join(dataDir, 'logs')).includes(`${name}.log`)) return [];
      return readFileSync(join(dataDir, 'logs', `${name}.log`), 'utf8')
        .trimEnd()
        .split('\n');
    },
  };
}

/** Writes an assembly whose functions have this code, by asset key. */
export function assembly(
  resources: JsonObject,
  code: Readonly<Record<string, string>>,
  outputs: JsonObject = {},
): string {
  const folder = temporaryFolder();
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  const files = Object.entries(code).map(([key, text]) => {
    mkdirSync(join(folder, `asset.${key}`));
    writeFileSync(join(folder, `asset.${key}`, 'index.mjs'), text);
    const destinations = { here: { bucketName: 'assets', objectKey: `${key}.zip` } };
    return [key, { source: { path: `asset.${key}`, packaging: 'zip' }, destinations }];
  });
  write('manifest.json', {
    artifacts: {
      Demo: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Demo.template.json' } },
      'Demo.assets': { type: 'cdk:asset-manifest', properties: { file: 'Demo.assets.json' } },
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    },
  });
  write('Demo.assets.json', { files: Object.fromEntries(files) });
  write('Demo.template.json', { Resources: resources, Outputs: outputs });
  return folder;
}
