/** Webhooks in the template: none unless a feed says so, and then as little as it takes. */
import { expect, test } from 'vitest';
import { serverless, TemplateUnderTest } from './infra-stack.ts';

const plain = new TemplateUnderTest();
const pushed = new TemplateUnderTest({
  ...serverless,
  feeds: [{ feed: 'alpha:web', webhook: true }, { feed: 'alpha:app' }],
});

test('nothing has a public address unless a feed says so', () => {
  expect(plain.all('AWS::Lambda::Url')).toEqual([]);
});

test('a feed that is pushed has one, whose function is not the producer’s', () => {
  const [url, ...others] = pushed.all('AWS::Lambda::Url');
  const [target] = url?.[1].Properties.TargetFunctionArn['Fn::GetAtt'] ?? [];

  expect(others).toEqual([]);
  expect(url?.[1].Properties.AuthType).toBe('NONE');
  expect(target).toMatch(/^FeedalphawebWebhookFunction/);
});

test('that function may read its own feed’s secret, note deliveries, start its producer, write its log, and no more', () => {
  const fn = pushed.one('AWS::Lambda::Function', /^FeedalphawebWebhookFunction/);
  const granted = pushed.statementsOf(fn).map(({ Action, Resource }) => [[Action].flat().sort(), Resource]);
  const [producer] = pushed.all('AWS::Lambda::Function').find(([id]) => id.startsWith('Produceralpha')) ?? [];
  const [secret] =
    pushed.all('AWS::SecretsManager::Secret').find(([id]) => id.startsWith('Feedalphaweb')) ?? [];
  const [state] = pushed.all('AWS::DynamoDB::Table')[0] ?? [];
  const [log] = pushed.all('AWS::Logs::LogGroup').find(([id]) => id.startsWith('FeedalphawebWebhook')) ?? [];

  expect(granted).toEqual(
    expect.arrayContaining([
      [['secretsmanager:GetSecretValue'], { Ref: secret }],
      [['dynamodb:UpdateItem'], { 'Fn::GetAtt': [state, 'Arn'] }],
      [['lambda:InvokeFunction'], { 'Fn::GetAtt': [producer, 'Arn'] }],
      [['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [log, 'Arn'] }],
    ]),
  );
  expect(granted).toHaveLength(4);
});

test('the stack says what to do at the vendor, and where the signing secret goes', () => {
  const said = Object.values(pushed.outputs).map(({ Description }) => Description);

  expect(said).toContainEqual(
    expect.stringMatching(
      /^Webhook of alpha:web; npm run token -- --feed alpha:web --webhook --region REGION puts .*Set it up at alpha\.$/,
    ),
  );
});

test('noted deliveries go by themselves', () => {
  expect(plain.one('AWS::DynamoDB::Table').Properties.TimeToLiveSpecification).toEqual({
    AttributeName: 'expires_at',
    Enabled: true,
  });
});
