/**
 * What the security checks (cdk-nag, AwsSolutions) find here and we accept: one entry per finding, on the
 * construct that has it, with its reason. Anything else that they find stops the synth.
 */
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { PREFIX } from './archive.ts';
import type { Pipeline, PipelineStack } from './pipeline-stack.ts';
import { ServerlessWarehouse } from './serverless-warehouse.ts';

interface Acknowledgement {
  readonly id: string;
  readonly on: (pipeline: Pipeline) => readonly IConstruct[];
  readonly reason: string;
}

const ANY_RESOURCE = 'AwsSolutions-IAM5[Resource::*]';
const objectsUnder = (prefix: string): string =>
  `AwsSolutions-IAM5[Resource::<ArchiveDA4CB258.Arn>/${prefix}*]`;

export const acknowledgements: readonly Acknowledgement[] = [
  {
    id: ANY_RESOURCE,
    on: ({ producers }) => producers.map((fn) => fn.role),
    reason: "Lambda manages a function's network interfaces with its role; EC2 knows no resource for that.",
  },
  {
    id: ANY_RESOURCE,
    on: ({ schema, loader, reload, ranking, digest }) =>
      [schema, loader, reload, ranking, digest].flatMap((part) => (part === null ? [] : [part.fn.role])),
    reason:
      'Asking about a statement of the Data API knows no resource; a condition admits only whoever sent it.',
  },
  {
    id: objectsUnder(PREFIX.givenUp),
    on: ({ transform }) => [transform.role],
    reason: 'Lambda names the objects of batches given up itself, below this prefix.',
  },
  {
    id: objectsUnder(PREFIX.landing),
    on: ({ delivery }) => delivery.roles,
    reason: 'Firehose names staged objects by the hour, below this prefix.',
  },
  {
    id: objectsUnder(PREFIX.skipped),
    on: ({ delivery }) => delivery.roles,
    reason: 'Firehose names the manifests of skipped batches by the hour, below this prefix.',
  },
  ...[PREFIX.landing, PREFIX.skipped].map((prefix) => ({
    id: objectsUnder(prefix),
    on: ({ warehouse }: Pipeline) => (warehouse instanceof ServerlessWarehouse ? [warehouse.copyRole] : []),
    reason: 'The warehouse reads whatever Firehose has staged, and the manifests of what it skipped.',
  })),
  ...[PREFIX.skipped, `${PREFIX.landing}${PREFIX.skipped}`, PREFIX.reloaded].map((prefix) => ({
    id: objectsUnder(prefix),
    on: ({ reload }: Pipeline) => [reload.fn.role],
    reason:
      'Manifests of skipped batches are named by Firehose, and moved from one of these prefixes to another.',
  })),
  {
    id: objectsUnder(PREFIX.quarantine),
    on: ({ quarantine }) => [quarantine.role],
    reason: 'Firehose names quarantined objects by the hour, below this prefix.',
  },
  {
    id: objectsUnder(PREFIX.quarantineFailed),
    on: ({ quarantine }) => [quarantine.role],
    reason: 'Firehose names the objects it failed to deliver by the hour, below this prefix.',
  },
  {
    id: 'AwsSolutions-SMG4',
    on: ({ producers }) => producers.flatMap((fn) => fn.feeds.map((feed) => feed.secret)),
    reason: "A vendor's token is made and replaced at the vendor, by a person; AWS cannot rotate it.",
  },
  {
    id: 'AwsSolutions-SMG4',
    on: ({ warehouse }) => (warehouse instanceof ServerlessWarehouse ? warehouse.secrets : []),
    reason:
      'Generated passwords that nobody has seen. Firehose caches its own for ten minutes, so rotating a single user fails COPYs.',
  },
  ...['AwsSolutions-EC28', 'AwsSolutions-EC29'].map((id) => ({
    id,
    on: ({ network }: Pipeline) => network.instances,
    reason:
      'A NAT instance keeps nothing and is made anew at will; the freshness of the feeds tells when it does not work.',
  })),
  {
    id: 'AwsSolutions-EC23',
    on: ({ warehouse }) => (warehouse instanceof ServerlessWarehouse ? [warehouse.securityGroup] : []),
    reason:
      'The check cannot read the address block, which is looked up by region while deploying: a /27 of Firehose, never 0.0.0.0/0 (a test holds that).',
  },
];

/** Lets the checks judge the stack at the end of the synth. */
export function judge(app: App, { parts }: PipelineStack, accepted = acknowledgements): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  for (const { id, on, reason } of accepted) {
    for (const construct of on(parts)) Validations.of(construct).acknowledge({ id, reason });
  }
}
