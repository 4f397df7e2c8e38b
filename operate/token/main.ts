/**
 * `npm run token`: puts a vendor's token into the secret of a feed.
 */
import type { FeedEvent } from '../../contract/feed.ts';
import type { Producer } from '../../contract/producer.ts';
import { generate } from '../../infra/generate.ts';
import { UsageError } from '../command-line.ts';
import { feedIn } from '../feeds.ts';
import { connect } from '../ports.ts';
import { onToken } from '../preflight/checks.ts';
import type { Finding } from '../preflight/finding.ts';
import { ask } from '../preflight/ports.ts';
import { type ExitCode, runProgram, type Tools } from '../program.ts';
import { askHidden } from './ask.ts';
import { readOptions, usage } from './options.ts';
import { withValue } from './secret.ts';

async function main({ args, screen, now, stopped }: Tools): Promise<ExitCode> {
  const options = readOptions(args);
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const { feed, key, isTried } = options;
  const producer = (await generate()).find(({ name }) => name === feed.split(':')[0]);
  if (producer === undefined)
    throw new UsageError(`--feed: there is no producer for ${feed} in this checkout`);
  if (key === 'webhookSecret' && producer.webhook === undefined)
    throw new UsageError(`--webhook: ${producer.name} pushes nothing that could be signed`);
  const pipeline = await connect(options.place);
  const { event } = feedIn(await pipeline.starts(), feed);
  const changed = async (value: string) => withValue(await pipeline.secret(event.secretArn), key, value);
  screen.print(`pipeline   ${pipeline.name}`);
  const given = await askHidden(
    key === 'token' ? `token of ${feed}` : `what signs the deliveries of ${feed}`,
    stopped,
  );
  // Before the vendor is asked: what cannot be put need not be tried.
  if (given !== null) await changed(given);
  const finding = given !== null && isTried ? await tried(producer, event, given, now()) : null;
  if (finding !== null) screen.print(`tried      ${finding.words}`);
  if (given === null || stopped.aborted) return ended(false, 130);
  if (finding !== null && finding.verdict !== 'ok') {
    if (finding.verdict === 'unchecked')
      screen.print('           whether it is good is not known; --untried puts it all the same');
    return ended(false, 1);
  }
  // Read once more: somebody may have put something else in meanwhile.
  await pipeline.putSecret(event.secretArn, await changed(given));
  return ended(true, 0);

  function ended(isPut: boolean, code: ExitCode): ExitCode {
    const reader = key === 'token' ? 'runs take it' : 'deliveries are checked with it';
    screen.print(
      isPut
        ? `put        it is in the secret; ${reader} within five minutes`
        : 'not put    the secret is as it was',
    );
    if (options !== 'help' && options.json)
      screen.print(JSON.stringify({ feed, key, isPut, tried: finding?.verdict ?? null }));
    return code;
  }
}

async function tried(producer: Producer, event: FeedEvent, token: string, now: Date): Promise<Finding> {
  const { feed, baseUrl, settings, secretArn } = event;
  const state = await ask({ producer, baseUrl, settings, token, now });
  return onToken({ feed, secretName: secretArn, state }, null);
}

await runProgram(main, () => new Date());
