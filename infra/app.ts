/**
 * The CDK app: generates what follows from the declarations, reads the installation, builds the one stack.
 *
 *     npx cdk synth        needs neither an account nor Docker
 *     npx cdk deploy
 */
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { DEFAULT_STACK } from '../contract/local-stack.ts';
import configuration from '../heimdallr.config.ts';
import { judge } from './acknowledgements.ts';
import { generate } from './generate.ts';
import { withOverrides } from './overrides.ts';
import { PipelineStack } from './pipeline-stack.ts';
import { ConfigurationError } from './read.ts';
import { readInstallation } from './read-installation.ts';

const producers = await generate();
const { records } = await import('../.generated/records.ts');
const { marts } = await import('../.generated/marts.ts');

const app = new App();
const now = new Date();
try {
  const written = readInstallation(configuration, producers, now);
  const installation = withOverrides(written, producers, (key) => app.node.tryGetContext(key), now);
  const root = join(import.meta.dirname, '..');
  judge(app, new PipelineStack(app, DEFAULT_STACK, { root, installation, records, marts }));
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`heimdallr.config.ts cannot be deployed as it is:\n${error.message.replace(/^/gm, '  ')}`);
  process.exitCode = 1;
}
