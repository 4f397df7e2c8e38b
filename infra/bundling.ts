/**
 * How a function becomes one file: what is loaded at a cold start is what the function runs.
 *
 * The AWS SDK is bundled, because the one in the runtime lags behind and changes under us. With it come
 * packages that can never run in a function here: sign-in by browser, file uploads, endless answers. Stand-ins
 * of a few lines take their places, and nearly half of a producer's bundle goes. A function that reached one
 * of them after all would fail in the first local run, which runs these bundles.
 */
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

/** Package → what is bundled in its place. */
export const standIns: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    '@aws-sdk/credential-provider-node': 'credentials.ts',
    '@aws-sdk/endpoint-cache': 'endpoint-cache.ts',
    '@smithy/core/event-streams': 'event-streams.ts',
    'follow-redirects': 'follow-redirects.ts',
    'form-data': 'form-data.ts',
    'https-proxy-agent': 'https-proxy-agent.ts',
  }).map(([name, file]) => [name, join(import.meta.dirname, 'stand-ins', file)]),
);

export const bundling = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  charset: 'utf8',
  // Packages that also ship ES modules are shaken; CommonJS would come along whole.
  mainFields: ['module', 'main'],
  // CommonJS packages inside the ES module call require, which an ES module does not have.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  alias: standIns,
} satisfies BuildOptions;

/** Files that export a handler, in the folder of the project. */
const ENTRIES = ['transformers/handler.ts', 'warehouse/*/handler.ts', '.generated/{handlers,webhooks}/*.ts'];

/** Folder of the project → folder with the bundles of this process. */
const bundled = new Map<string, string>();

/**
 * A folder with one file, `index.mjs`, in which the entry is with all that it needs. All functions of the project are
 * bundled at the first call: what they share, the clients of AWS above all, is then read once.
 * @param entry relative to the root, one of `ENTRIES`.
 * @throws {Error} for what cannot be bundled, and for another entry.
 */
export function bundleOf(root: string, entry: string): string {
  const outdir = bundled.get(root) ?? bundleAll(root);
  bundled.set(root, outdir);
  const folder = join(outdir, folderOf(entry));
  if (!existsSync(folder)) throw new Error(`${entry} is not bundled: it is none of ${ENTRIES.join(', ')}`);
  return folder;
}

function bundleAll(root: string): string {
  const outdir = mkdtempSync(join(tmpdir(), 'heimdallr-bundles-'));
  // By then every bundle that is deployed has been copied into the assembly.
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  buildSync({
    ...{ ...bundling, outdir, absWorkingDir: root, logLevel: 'warning' },
    entryPoints: globSync(ENTRIES, { cwd: root }).map((entry) => ({
      in: entry,
      out: join(folderOf(entry), 'index'),
    })),
    outExtension: { '.js': '.mjs' },
  });
  return outdir;
}

/** `.generated/handlers/x.ts` and `warehouse/x/handler.ts` must not be one. */
const folderOf = (entry: string): string => join(dirname(entry), entry.replace(/^.*\/|\.ts$/g, ''));
