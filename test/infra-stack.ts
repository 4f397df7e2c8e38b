/**
 * Builds the stack for tests, for two invented producers: what infra/ does must follow from declarations alone.
 *
 * Functions are not bundled, and their code is a folder of empty handlers: these tests read the template.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { timestamp, varchar } from '../contract/columns.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { defineProducer, type Producer, type Setting } from '../contract/producer.ts';
import { defineRecord } from '../contract/record.ts';
import { defineInstallation } from '../infra/installation.ts';
import { PipelineStack, type PipelineStackProps } from '../infra/pipeline-stack.ts';
import { readInstallation } from '../infra/read-installation.ts';

export const now = new Date('2026-11-23T12:00:00Z');
export const project = join(import.meta.dirname, '..');

function invented(
  name: string,
  everyMinutes: number,
  settings: Readonly<Record<string, Setting>>,
  counting: Pick<Producer, 'counts'> = {},
): Producer {
  const record = defineRecord({
    name: `${name}_fact`,
    version: 1,
    description: 'A fact.',
    key: ['id'],
    occurredAt: 'seen_at',
    columns: { id: varchar(36, 'Its id.'), seen_at: timestamp('When it was seen.') },
  });
  return defineProducer<unknown, Readonly<Record<string, Setting>>>({
    name,
    description: `Facts of ${name}.`,
    records: [record],
    baseUrl: `https://api.${name}.example`,
    secret: { description: 'A token that may read.', headers: () => ({}) },
    waitSeconds: () => null,
    refusal: () => null,
    settings,
    everyMinutes,
    webhook: {
      description: `Set it up at ${name}.`,
      signature: () => null,
      delivery: () => null,
    },
    async *poll() {},
    ...counting,
  });
}

export const producers: readonly Producer[] = [
  invented('alpha', 1, {}),
  invented(
    'beta',
    5,
    {
      team: { type: 'string', description: 'Whose facts.' },
      depth: { type: 'integer', description: 'How deep.', default: 3 },
      tags: { type: 'strings', description: 'Which ones.', default: [] },
      drafts: { type: 'boolean', description: 'Drafts too.', default: false },
    },
    { counts: async () => [] },
  ),
];

export const serverless = defineInstallation({
  feeds: [
    { feed: 'alpha:web' },
    { feed: 'alpha:app', people: 'hash' },
    { feed: 'beta:core', settings: { team: 'platform' } },
  ],
  warehouse: { mode: 'serverless', database: 'heimdallr', baseCapacityRpu: 8 },
});

const secret = (name: string) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`;

export const existing = defineInstallation({
  ...serverless,
  warehouse: {
    mode: 'existing',
    host: 'analytics.abc123.eu-west-1.redshift.amazonaws.com',
    database: 'analytics',
    clusterIdentifier: 'analytics',
    secretArn: secret('owner'),
    firehoseSecretArn: secret('firehose'),
  },
});

/** A folder like the project's, with nothing in its handlers. */
const root = emptyProject();

function emptyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'heimdallr-infra-'));
  const entries = [
    'transformers/handler.ts',
    ...['digest', 'loader', 'ranking', 'reload', 'schema'].map((each) => `warehouse/${each}/handler.ts`),
  ];
  const generated = producers.flatMap(({ name }) => [
    `.generated/handlers/${name}.ts`,
    `.generated/webhooks/${name}.ts`,
  ]);
  for (const entry of [...entries, ...generated]) {
    mkdirSync(dirname(join(folder, entry)), { recursive: true });
    writeFileSync(join(folder, entry), 'export const handler = async () => {};\n');
  }
  return folder;
}

/** The stack in an app with the context of cdk.json; not synthesised yet. */
export function build(written: unknown = serverless, props: Partial<PipelineStackProps> = {}, context = {}) {
  const { context: flags } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8'));
  const outdir = mkdtempSync(join(tmpdir(), 'heimdallr-synth-'));
  const app = new App({ outdir, context: { ...flags, 'aws:cdk:bundling-stacks': [], ...context } });
  const installation = readInstallation(written, producers, now);
  const records = [...ledgerRecords, ...producers.flatMap((producer) => producer.records)];
  const stack = new PipelineStack(app, 'Heimdallr', { root, installation, records, marts: [], ...props });
  return { app, stack, outdir };
}

interface Resource {
  readonly Type: string;
  // The template's own shapes: assertions compare them whole.
  // biome-ignore lint/suspicious/noExplicitAny: a template is as deep and as loose as CloudFormation.
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** The synthesised template, to ask questions of. */
export class TemplateUnderTest {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { Value: unknown; Description: string }>>;
  readonly mappings: Readonly<Record<string, Record<string, Record<string, string>>>>;

  constructor(written: unknown = serverless, props: Partial<PipelineStackProps> = {}) {
    // One test file lets the CDK validate; here it would only take time.
    const { app, stack } = build(written, props, { '@aws-cdk/core:validateAgainstDefaultRules': false });
    const { template } = app.synth().getStackByName(stack.stackName);
    this.resources = template.Resources;
    this.outputs = template.Outputs;
    this.mappings = template.Mappings ?? {};
  }

  /** Logical ids and resources of a type. */
  all(type: string): readonly (readonly [string, Resource])[] {
    return Object.entries(this.resources).filter(([, resource]) => resource.Type === type);
  }

  /** The only resource of a type, or of a type and id. */
  one(type: string, id = /^/): Resource {
    const found = this.all(type).filter(([logicalId]) => id.test(logicalId));
    const [first] = found;
    if (first === undefined || found.length > 1) throw new Error(`found ${found.length} of ${type} ${id}`);
    return first[1];
  }

  /** Statements of all policies of the role that a function has. */
  statementsOf(fn: Resource): readonly Statement[] {
    const role = fn.Properties.Role['Fn::GetAtt'][0];
    return this.all('AWS::IAM::Policy')
      .filter(([, { Properties }]) => Properties.Roles.some((each: { Ref: string }) => each.Ref === role))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  }

  /** True when a statement allows the action on exactly this resource. */
  allows(fn: Resource, action: string, resource: unknown): boolean {
    const wanted = JSON.stringify(resource);
    return this.statementsOf(fn).some(
      ({ Effect, Action, Resource }) =>
        Effect === 'Allow' &&
        [Action].flat().includes(action) &&
        [Resource].flat().some((each) => JSON.stringify(each) === wanted),
    );
  }
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}
