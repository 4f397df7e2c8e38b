/**
 * How a function becomes one file: what is loaded at a cold start is what the function runs.
 *
 * The AWS SDK is bundled, because the one in the runtime lags behind and changes under us. With it come
 * packages that can never run in a function here: sign-in by browser, file uploads, endless answers. Stand-ins
 * of a few lines take their places, and nearly half of a producer's bundle goes. A function that reached one
 * of them after all would fail in the first local run, which runs these bundles.
 */
import { join } from 'node:path';
import { type BundlingOptions, Charset, LogLevel, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

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

export const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  charset: Charset.UTF8,
  logLevel: LogLevel.WARNING,
  bundleAwsSDK: true,
  // Packages that also ship ES modules are shaken; CommonJS would come along whole.
  mainFields: ['module', 'main'],
  // CommonJS packages inside the ES module call require, which an ES module does not have.
  banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  esbuildArgs: {
    '--alias': Object.entries(standIns).map(([name, path]) => `${name}=${path}`),
  },
};
