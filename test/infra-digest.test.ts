/** The digest in the installation and in the template: nothing unless it is asked for. */
import { describe, expect, test } from 'vitest';
import { judge } from '../infra/acknowledgements.ts';
import { ConfigurationError } from '../infra/read.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { build, now, producers, serverless, TemplateUnderTest } from './infra-stack.ts';

const topicArn = 'arn:aws:sns:eu-west-1:123456789012:bugs';
const slack = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack-AbCdEf';
const digest = { email: 'team@example.com', weekday: 'friday', hour: 16, slackWebhookSecretArn: slack };
const configured = { ...serverless, ranking: { timeZone: 'Europe/Vienna' }, digest };
const template = new TemplateUnderTest(configured);
const fn = template.one('AWS::Lambda::Function', /^Digest/);

test('without the choice there is no function and no topic', () => {
  const plain = new TemplateUnderTest();

  expect(plain.all('AWS::Lambda::Function').filter(([id]) => id.startsWith('Digest'))).toEqual([]);
  expect(plain.all('AWS::SNS::Topic').filter(([id]) => id.startsWith('Digest'))).toEqual([]);
});

test('it is sent once a week, at an hour of the time zone of the ranking', () => {
  const { Properties } = template.one('AWS::Scheduler::Schedule', /^Digest/);

  expect(Properties.ScheduleExpression).toBe('cron(0 16 ? * FRI *)');
  expect(Properties.ScheduleExpressionTimezone).toBe('Europe/Vienna');
  expect(Properties.Target.Input).toBe('{"task":"digest"}');
});

test('the function knows the topic and where the address of Slack is kept, never the address', () => {
  const [[topic] = []] = template.all('AWS::SNS::Topic').filter(([id]) => id.startsWith('Digest'));

  expect(fn.Properties.Environment.Variables).toMatchObject({
    TOPIC_ARN: { Ref: topic },
    SLACK_SECRET_ARN: slack,
  });
  expect(template.allows(fn, 'sns:Publish', { Ref: topic })).toBe(true);
  expect(template.allows(fn, 'secretsmanager:GetSecretValue', slack)).toBe(true);
  expect(template.one('AWS::SNS::Subscription', /^Digest/).Properties).toMatchObject({
    Protocol: 'email',
    Endpoint: 'team@example.com',
  });
});

test('a topic that is there is used, not made', () => {
  const adopted = new TemplateUnderTest({ ...serverless, digest: { snsTopicArn: topicArn } });

  expect(adopted.all('AWS::SNS::Topic').filter(([id]) => id.startsWith('Digest'))).toEqual([]);
  expect(adopted.allows(adopted.one('AWS::Lambda::Function', /^Digest/), 'sns:Publish', topicArn)).toBe(true);
});

test('the security checks find nothing', () => {
  const { app, stack } = build(configured);
  judge(app, stack);

  expect(() => app.synth()).not.toThrow();
});

describe('refuses, and says where and what is expected:', () => {
  test.each([
    [
      'a digest for nobody',
      {},
      'digest: got no destination, expected email, snsTopicArn or slackWebhookSecretArn',
    ],
    [
      'two topics',
      { email: 'a@b.example', snsTopicArn: topicArn },
      'digest.email: got an address beside a topic, expected one of the two: subscribe the address to the topic',
    ],
    ['no address', { email: 'team' }, 'digest.email: got "team", expected an e-mail address'],
    [
      'an hour that no day has',
      { email: 'a@b.example', hour: 24 },
      'digest.hour: got 24, expected a whole number from 0 to 23',
    ],
    [
      'the address of Slack instead of its secret, without showing it',
      { slackWebhookSecretArn: 'https://hooks.slack.example/services/T/B/s3cret' },
      'digest.slackWebhookSecretArn: got something else, expected the ARN of a secret whose text is the address of an incoming webhook of Slack',
    ],
    [
      'a day in another language',
      { email: 'a@b.example', weekday: 'Montag' },
      'digest.weekday: got "Montag", expected "monday" or "tuesday" or "wednesday" or "thursday" or "friday" or "saturday" or "sunday"',
    ],
  ])('%s', (_what, choice, message) => {
    expect(() => readInstallation({ ...serverless, digest: choice }, producers, now)).toThrow(
      new ConfigurationError(message),
    );
  });
});
