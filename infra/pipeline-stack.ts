/**
 * The pipeline, one line per part, in the order in which they are made: who polls comes
 * last, when everything behind it is ready.
 *
 *     Clock ─▶ ProducerFunction ─▶ FactStream ─▶ RecordTransform ─▶ RecordDelivery ─▶ Archive ─▶ Warehouse
 *                  │  ▲                                  │                                          ▲
 *                  ▼  │                                  ▼                                          │
 *               FeedState                            Quarantine         Clock ─▶ Loader, Reload, Ranking, Digest
 *
 * One stack: its parts are deployed, changed and removed together (docs/decisions/0002-one-stack.md). It knows
 * neither account nor region, so that it can be synthesised anywhere.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { RecordType } from '../contract/record.ts';
import { alarms } from './alarms.ts';
import { Archive } from './archive.ts';
import { Clock } from './clock.ts';
import { warnOfSleeplessness } from './cost/sleepless.ts';
import { dashboard } from './dashboard.ts';
import { Digest } from './digest.ts';
import { FactStream } from './fact-stream.ts';
import { FeedState } from './feed-state.ts';
import { Loader } from './loader.ts';
import { Network } from './network.ts';
import { outputs } from './outputs.ts';
import { producerFunctions } from './producer-function.ts';
import { Quarantine } from './quarantine.ts';
import { Ranking } from './ranking.ts';
import type { ResolvedInstallation } from './read-installation.ts';
import { RecordDelivery } from './record-delivery.ts';
import { RecordTransform } from './record-transform.ts';
import { Reload } from './reload.ts';
import { type Mart, Schema } from './schema.ts';
import { warehouseFor } from './warehouse.ts';

export interface PipelineStackProps {
  /** Folder of the project: functions are bundled from it. */
  readonly root: string;
  readonly installation: ResolvedInstallation;
  readonly records: readonly RecordType[];
  readonly marts: readonly Mart[];
}

export class PipelineStack extends Stack {
  readonly parts: Pipeline;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, { description: 'Heimdallr: what went wrong, was built and was released, in Redshift' });
    this.parts = pipeline(this, props);
    outputs(this, this.parts, props.installation);
    const heard = alarms(this, this.parts, props.installation);
    dashboard(this, this.parts, props.installation, heard);
    warnOfSleeplessness(this, this.parts, props.installation);
  }
}

/** All parts, for whoever measures or describes them. */
export type Pipeline = ReturnType<typeof pipeline>;

function pipeline(stack: Stack, { root, installation, records, marts }: PipelineStackProps) {
  const { feeds, freshnessMinutes, deliveryStreams: streams, streamShards: shards, ranking } = installation;
  const { timeZone } = ranking.settings;

  const clock = new Clock(stack, 'Clock');
  const network = new Network(stack, 'Network', {
    ...installation.network,
    holdsWarehouse: installation.warehouse.mode === 'serverless',
  });
  const state = new FeedState(stack, 'FeedState');
  const facts = new FactStream(stack, 'FactStream', { shards });

  const archive = new Archive(stack, 'Archive');
  const warehouse = warehouseFor(stack, 'Warehouse', installation.warehouse, network, archive);
  const schema = new Schema(stack, 'Schema', { root, warehouse, records, marts });
  const delivery = new RecordDelivery(stack, 'Delivery', {
    streams,
    freshnessMinutes,
    archive,
    warehouse,
    schema,
  });
  const quarantine = new Quarantine(stack, 'Quarantine', { archive });
  const transform = new RecordTransform(stack, 'Transform', { root, facts, delivery, quarantine, archive });
  const polling = { root, feeds, clock, network, state, facts, transform };
  const producers = producerFunctions(stack, polling);
  const loader = new Loader(stack, 'Loader', { root, freshnessMinutes, clock, warehouse, schema, state });
  const reload = new Reload(stack, 'Reload', { root, freshnessMinutes, clock, archive, warehouse, schema });
  const answer = new Ranking(stack, 'Ranking', { root, ranking, clock, warehouse, schema });
  const mail = installation.digest;
  const digest =
    mail && new Digest(stack, 'Digest', { root, digest: mail, timeZone, clock, warehouse, schema });

  return {
    ...{ clock, network, state, facts, producers, archive },
    ...{ warehouse, schema, delivery, quarantine, transform, loader, reload, ranking: answer, digest },
  };
}
