/** The weekly digest: what it says, and that it reaches SNS and Slack over real connections. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { AwsError, type LocalServices, startServices } from '../local/services/index.ts';
import { createHandler, type Destination } from '../warehouse/digest/digest.ts';
import { slackWebhook, snsTopic } from '../warehouse/digest/ports.ts';
import { digestText } from '../warehouse/digest/text.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const TOPIC = 'arn:aws:sns:us-east-1:111111111111:digest';
const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-digest-'));

let world: World;
let services: LocalServices;
let isRefused = false;
/** Slack, as far as a webhook is. */
let slack: Server;
let answer = 200;
const posted: string[] = [];
const calls: string[] = [];

beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(records, marts);
  services = await startServices({
    dataDir,
    warehouseUrl: 'memory:',
    speed: 1,
    now: () => new Date(),
    log: () => undefined,
    onCall: ({ service, action, body }) => {
      calls.push(`${service}:${action} ${body.TopicArn}`);
      if (isRefused) throw new AwsError('AuthorizationError', 'not you', 403);
    },
  });
  slack = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    posted.push(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(answer).end(answer === 200 ? 'ok' : 'no_service');
  });
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  slack.close();
  await services.close();
  await world.database.close();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await world.empty();
  [answer, isRefused] = [200, false];
  posted.length = 0;
  calls.length = 0;
});

const url = () => `http://127.0.0.1:${(slack.address() as AddressInfo).port}/services/T0/B0/s3cret`;
const toSlack = () => slackWebhook(async () => url());
const toTopic = () =>
  snsTopic(
    new SNSClient({
      endpoint: services.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    }),
    TOPIC,
  );

const ran = (status: string, refusal: string | null) =>
  world.sql.run([
    `insert into heimdallr.impact_run (computed_at, status, refusal, seconds, is_incremental, data_through, parameters,
       occurrences, user_days, users, items, warnings)
     select getdate(), '${status}', ${refusal === null ? 'null' : `'${refusal}'`}, 1, false, '2026-11-23'::date,
       json_parse('{}'), 10, 100, 1234, 3, json_parse('[]')`,
  ]);

const impact = (item: number, rank: number, tier: string, lost: number, more: Record<string, string> = {}) =>
  world.sql.run([
    `insert into heimdallr.impact_item (project_id, item_id, horizon, rank, occurrences, tier, n1, new_episodes,
       new_episodes_4w, p1, p0, users_lost_per_week, users_lost_per_week_low, users_lost_per_week_high, inseparable,
       introduced_how, window_from, data_through, computed_at${Object.keys(more)
         .map((name) => `, ${name}`)
         .join('')})
     select 7, ${item}, 7, ${rank}, 3, '${tier}', 40, 40, 20, 0.5, 0.75, ${lost}, ${lost - 1}, ${lost + 2}, false,
       'none', '2026-10-01'::date, '2026-11-23'::date, getdate()${Object.values(more)
         .map((value) => `, ${value}`)
         .join('')}`,
  ]);

test('it names what costs users for sure, the causes alone, and what became of fixes', async () => {
  await ran('ranked', null);
  await impact(11, 1, 'confirmed', 12, { trend: "'rising'" });
  await impact(12, 2, 'confirmed', 11, { symptom_of: '11' });
  await impact(13, 3, 'likely', 2.25);
  await impact(14, 4, 'unclear', 9);
  await world.sql.run([
    `insert into heimdallr.fix_check (project_id, item_id, resolved_at, exposed_before, exposed_after, verdict,
       avoided_per_week, retention_verdict, computed_at)
     select 7, 13, getdate() - interval '20 days', 50, 1, 'fixed', 3.1, 'helped', getdate()`,
  ]);

  expect(await digestText(world.sql)).toEqual({
    subject: 'Fix first: item 11, 12.0 users a week',
    body: [
      'Which bugs cost the most users a week (95 % interval):',
      '',
      '1. item 11: 12.0 (11.0 to 14.0), confirmed, rising; 50 % of those who met it came back, 75 % were to be expected',
      '2. item 13: 2.3 (1.3 to 4.3), likely; 50 % of those who met it came back, 75 % were to be expected',
      '',
      'Resolved in the last 28 days:',
      '',
      '- item 13: fixed, 3.1 users a week are lost no more',
      '',
      'Of 1234 users, through 2026-11-23. A user is lost who would have come back within 7 days and did not.',
      '',
    ].join('\n'),
  });
});

test('it says why there is no ranking, and that nothing is sure', async () => {
  expect((await digestText(world.sql)).body).toBe('no refresh of the ranking has ended yet\n');

  await ran('refused', 'no activity table is configured');
  expect(await digestText(world.sql)).toEqual({
    subject: 'Bugs are not ranked by users lost',
    body: 'no activity table is configured\n',
  });

  await world.empty();
  await ran('ranked', null);
  await impact(14, 1, 'unclear', 9);
  expect((await digestText(world.sql)).subject).toBe('No bug costs users with any certainty');
});

const send = (...destinations: readonly Destination[]) =>
  createHandler({ sql: world.sql, destinations, log: () => undefined })();

test('it reaches the topic and the webhook', async () => {
  await ran('ranked', null);
  await impact(11, 1, 'confirmed', 12);

  await send(toTopic(), toSlack());

  const { subject, body } = await digestText(world.sql);
  expect(calls).toEqual([`sns:Publish ${TOPIC}`]);
  expect(services.published.at(-1)).toEqual({ topicArn: TOPIC, subject, message: body });
  expect(posted.map((text) => JSON.parse(text))).toEqual([{ text: `*${subject}*\n${body}` }]);
});

test('a title from outside is no markup in Slack, and no header of a mail', async () => {
  const digest = { subject: `Fix <!channel> & ☃ ${'x'.repeat(200)}`, body: '<https://evil.example|click>' };

  await toSlack().send(digest);
  await toTopic().send(digest);

  expect(posted[0]).toContain('Fix &lt;!channel&gt; &amp; ☃');
  expect(posted[0]).toContain('&lt;https://evil.example|click&gt;');
  expect(services.published.at(-1)?.subject).toBe(`Fix <!channel> & ? ${'x'.repeat(80)}`);
});

test('a webhook that was taken away fails the run without its address, and the topic has it all the same', async () => {
  await ran('ranked', null);
  answer = 404;
  const before = services.published.length;

  const failure = await send(toTopic(), toSlack()).catch((error: unknown) => String(error));

  expect(failure).toContain('the digest was not sent to Slack: answered 404 no_service, expected 200');
  expect(failure).not.toContain('s3cret');
  expect(services.published).toHaveLength(before + 1);
});

test('a secret that holds no address is not shown', async () => {
  const failure = await slackWebhook(async () => 'hunter2')
    .send({ subject: 'a', body: 'b' })
    .catch(String);

  expect(failure).toContain('must hold the address of an incoming webhook');
  expect(failure).not.toContain('hunter2');
});

test('a topic that refuses fails the run', async () => {
  isRefused = true;

  await expect(send(toTopic())).rejects.toThrow(`the digest was not sent to ${TOPIC}: not you`);
});
