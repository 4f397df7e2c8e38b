/**
 * Synthesises the app as the CDK's command line does, without it: the app is a program that writes a cloud
 * assembly into CDK_OUTDIR and reads its context from CDK_CONTEXT_JSON. Starting it directly saves two seconds
 * and lets the context be overridden without a file being changed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Assembly, readAssembly } from './assembly.ts';
import { isObject, type JsonObject, object } from './json.ts';

export interface SynthOptions {
  /** The folder that holds cdk.json. */
  readonly projectDir: string;
  /** The app's program, relative to it. */
  readonly app?: string;
  readonly outDir: string;
  /** Context that wins over what cdk.json says. */
  readonly context: JsonObject;
  /** The environment of the app, PATH above all; AWS credentials and CDK variables are taken out. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Synthesises the app into `outDir` and reads the assembly.
 * @throws {Error} with what the app wrote to stderr, when it ends with another code than 0.
 */
export async function synthesise(options: SynthOptions): Promise<Assembly> {
  const { projectDir, app = join('infra', 'app.ts'), outDir, context, environment } = options;
  mkdirSync(outDir, { recursive: true });
  const inherited = Object.entries(environment).filter(
    ([name]) => !/^(?:AWS_|CDK_|NODE_OPTIONS$)/.test(name),
  );
  const { code, output } = await run(app, projectDir, {
    ...Object.fromEntries(inherited),
    CDK_OUTDIR: outDir,
    CDK_CONTEXT_JSON: JSON.stringify({ ...projectContext(projectDir), ...context }),
  });
  if (code !== 0) {
    throw new Error(`node ${app} ended with code ${code}, so there is no stack to run. It said:\n${output}`);
  }
  return readAssembly(outDir);
}

/** The context of cdk.json: the feature flags above all, without which another template comes out. */
function projectContext(projectDir: string): JsonObject {
  const path = join(projectDir, 'cdk.json');
  if (!existsSync(path)) return {};
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return isObject(parsed) ? object(parsed.context, `${path}: context`) : {};
}

/** Lines of the app's last words that are shown. */
const LAST_LINES = 40;

function run(
  app: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [app], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
      resolve({ code, output: lines.slice(-LAST_LINES).join('\n') });
    });
  });
}
