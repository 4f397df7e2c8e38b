/** What docs/deploy.md and its neighbours tell somebody to type, and to look for, is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firehoseBlock } from '../infra/firehose-block.ts';
import { existing, project, serverless, TemplateUnderTest } from './infra-stack.ts';

const docs = readdirSync(join(project, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(join(project, 'docs', file), 'utf8') }));
const deploy = docs.find(({ file }) => file === 'deploy.md')?.text ?? '';
const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));

test('every npm command in the documents exists', () => {
  const named = docs.flatMap(({ file, text }) =>
    [...text.matchAll(/npm run (?:-s )?([a-z][a-z-]*)/g)].map(([, name = '']) => ({ file, name })),
  );

  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ name }) => scripts[name] === undefined)).toEqual([]);
});

test('every file that a document links to is there', () => {
  for (const { text } of docs)
    for (const [, target = ''] of text.matchAll(/\]\((?!http)([^)#]+\.md)[^)]*\)/g))
      expect(() => readFileSync(join(project, 'docs', target))).not.toThrow();
});

test('every output that the page tells to act on is one of the stack', () => {
  const written = {
    ...serverless,
    feeds: [{ feed: 'alpha:web', webhook: true }],
    warehouse: { ...serverless.warehouse, maxRpuHoursPerDay: 8 },
  };
  const outputs = [new TemplateUnderTest(written), new TemplateUnderTest(existing)].flatMap((template) =>
    Object.keys(template.outputs),
  );
  const named = [...deploy.matchAll(/^\| `([\w…]+)` \| /gm)].map(([, name = '']) => name);

  expect(named).toHaveLength(5);
  for (const name of named) {
    const pattern = new RegExp(`^${name.replaceAll('…', '.*')}$`);
    expect({ name, isThere: outputs.some((output) => pattern.test(output)) }).toEqual({
      name,
      isThere: true,
    });
  }
});

test('the addresses that the page shows are those of its region', () => {
  const [, region = '', block = ''] = /region +(\S+), where Firehose comes from (\S+)/.exec(deploy) ?? [];

  expect(firehoseBlock(region)).toBe(block);
});

test('what the page says is left by a tear-down is what is kept', () => {
  const types = (written: unknown) =>
    Object.values(new TemplateUnderTest(written).resources)
      .filter(
        ({ DeletionPolicy }) => DeletionPolicy === 'RetainExceptOnCreate' || DeletionPolicy === 'Retain',
      )
      .map(({ Type }) => Type)
      // A stream goes with its group, which is not kept.
      .filter((type) => type !== 'AWS::Logs::LogStream');
  const commands: Readonly<Record<string, string>> = {
    'AWS::S3::Bucket': 'aws s3 rb',
    'AWS::S3::BucketPolicy': 'aws s3 rb',
    'AWS::Kinesis::Stream': 'aws kinesis delete-stream',
    'AWS::DynamoDB::Table': 'aws dynamodb delete-table',
    'AWS::RedshiftServerless::Namespace': 'aws redshift-serverless delete-namespace',
    'AWS::SecretsManager::Secret': 'aws secretsmanager delete-secret',
    'Custom::HeimdallrSchema': 'drop schema heimdallr cascade',
  };

  const kept = [...new Set([...types(serverless), ...types(existing)])].sort();

  expect(kept).toEqual(Object.keys(commands).sort());
  for (const command of Object.values(commands)) expect(deploy).toContain(command);
});

/** They hold facts, cursors or credentials: whoever adds a type here decides what a tear-down does to it. */
const HOLDING_DATA =
  /^AWS::(?:S3::Bucket|DynamoDB::Table|Kinesis::Stream|SecretsManager::Secret|RedshiftServerless::Namespace|Redshift::Cluster|RDS::|EFS::|KMS::Key|SQS::Queue)/;

test.each([
  ['a warehouse of its own', serverless],
  ['a warehouse that was there', existing],
])('with %s, nothing that holds data is destroyed with the stack', (_name, written) => {
  const destroyed = Object.entries(new TemplateUnderTest(written).resources)
    .filter(([, { Type }]) => HOLDING_DATA.test(Type))
    .filter(
      ([, { DeletionPolicy, UpdateReplacePolicy }]) =>
        !/^Retain/.test(DeletionPolicy ?? '') || !/^Retain/.test(UpdateReplacePolicy ?? ''),
    )
    .map(([id]) => id);

  expect(destroyed).toEqual([]);
});
