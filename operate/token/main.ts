/**
 * `npm run token`: puts a vendor's token into the secret of a feed.
 */
import { generate } from '../../infra/generate.ts';
import { feedIn } from '../feeds.ts';
import { connect } from '../ports.ts';
import { onToken } from '../preflight/checks.ts';
import { ask } from '../preflight/ports.ts';
import { type ExitCode, runProgram, type Tools } from '../program.ts';
import { askHidden } from './ask.ts';
import { readOptions, usage } from './options.ts';
import { withValue } from './secret.ts';

async function main({ args, screen, now }: Tools): Promise<ExitCode> {
  const options = readOptions(args);
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const { feed, key } = options;
  const pipeline = await connect(options.place);
  const { event } = feedIn(await pipeline.starts(), feed);
  const before = await pipeline.secret(event.secretArn);
  screen.print(`pipeline   ${pipeline.name}`);
  const token = await askHidden(key === 'token' ? `token of ${feed}` : `secret of the webhook of ${feed}`);
  const after = withValue(before, key, token);
  const finding = key === 'token' ? await tried() : null;
  if (finding !== null) screen.print(`tried      ${finding.words}`);
  const isPut = finding?.verdict !== 'missing';
  if (isPut) await pipeline.putSecret(event.secretArn, after);
  screen.print(
    isPut
      ? 'put        it is in the secret; runs take it within five minutes'
      : 'not put    the secret is as it was',
  );
  if (options.json) screen.print(JSON.stringify({ feed, key, isPut }));
  return isPut ? 0 : 1;

  async function tried() {
    const producer = (await generate()).find(({ name }) => name === feed.split(':')[0]);
    if (producer === undefined) throw new Error(`nothing was put: this checkout has no producer for ${feed}`);
    const { baseUrl, settings } = event;
    const state = await ask({ producer, baseUrl, settings, token, now: now() });
    return onToken({ feed, secretName: event.secretArn, state });
  }
}

await runProgram(main, () => new Date());
