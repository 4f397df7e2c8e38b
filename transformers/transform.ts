/**
 * The transform: a batch of the stream in, accepted rows to the delivery streams, rejected records to quarantine.
 *
 * It fails for one reason only, a delivery stream that does not take its records. Then it names the first record
 * whose row was not taken, and the event source goes on from there; rows behind it that were taken come again,
 * and the merge removes the repeats.
 */
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import type { Validator } from '../.generated/validators.js';
import { type Arrival, decode } from './decode.ts';
import { type Delivery, deliver } from './deliver.ts';
import { createJudge, type Judged } from './judge.ts';
import { pack, type Row } from './pack.ts';
import type { Ports } from './ports.ts';
import { quarantineLine, type Rejection, rejectedEnvelope } from './quarantine.ts';
import { route } from './route.ts';

/** The part of Lambda's context that is used. */
export interface Deadline {
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: KinesisStreamEvent, context: Deadline) => Promise<KinesisStreamBatchResponse>;

/**
 * @param validators by record type and version, as in `rollbar_item_v1`
 * @param occurredAt the column that says when a fact happened, by the same names
 */
export function createHandler(
  ports: Ports,
  validators: Readonly<Record<string, Validator>>,
  occurredAt: Readonly<Record<string, string>> = {},
): Handler {
  const judge = createJudge(validators, occurredAt);
  const types = new Set(Object.keys(validators).map((name) => name.replace(/_v\d+$/, '')));
  return async (event, context) => {
    const rows = new RowsByStream();
    const rejections: Rejection[] = [];
    for (const arrival of decode(event.Records)) {
      const { sequenceNumber } = arrival;
      const judged = judge(arrival.line);
      if ('accepted' in judged) {
        const stream = route(ports.deliveryStreams, judged.accepted.record_key);
        rows.add(stream, { line: judged.line, sequenceNumber });
        continue;
      }
      const rejection = rejectionOf(arrival, judged, ports.clock.now());
      rejections.push(rejection);
      const envelope = rejectedEnvelope(rejection);
      const line = Buffer.from(`${JSON.stringify(envelope)}\n`, 'utf8');
      rows.add(route(ports.deliveryStreams, envelope.record_key), { line, sequenceNumber });
      rows.add(ports.quarantineStream, { line: quarantineLine(rejection), sequenceNumber });
    }
    const deliveries = rows.packed();
    const { failed, retried } = await deliver(deliveries, ports, () => context.getRemainingTimeInMillis());
    const taken = deliveries.filter((delivery) => !failed.includes(delivery));
    report(ports, rejections, types);
    ports.metrics.publish(
      {},
      {
        RecordsAccepted: event.Records.length - rejections.length,
        RecordsRejected: rejections.length,
        FirehoseRecords: taken.length,
        BytesOut: taken.reduce((sum, { pack: { data } }) => sum + data.length, 0),
        RetriedEntries: retried,
      },
    );
    return { batchItemFailures: failures(failed) };
  };
}

class RowsByStream {
  readonly #rows = new Map<string, Row[]>();

  add(stream: string, row: Row): void {
    const rows = this.#rows.get(stream);
    if (rows === undefined) this.#rows.set(stream, [row]);
    else rows.push(row);
  }

  packed(): readonly Delivery[] {
    return [...this.#rows].flatMap(([stream, rows]) => pack(rows).map((each) => ({ stream, pack: each })));
  }
}

function rejectionOf(arrival: Arrival, judged: Extract<Judged, { rejected: unknown }>, at: Date): Rejection {
  return {
    claims: judged.rejected,
    reasons: judged.reasons,
    bytes: arrival.line.subarray(0, -1),
    sequenceNumber: arrival.sequenceNumber,
    shard: arrival.eventId.split(':', 1)[0] ?? '',
    at,
  };
}

/** Counts rejections by type. A type that is not ours is `unknown`: whoever invents names must not invent metrics. */
function report({ log, metrics }: Ports, rejections: readonly Rejection[], types: ReadonlySet<string>): void {
  const typeOf = ({ claims: { record_type: type } }: Rejection): string =>
    type !== null && types.has(type) ? type : 'unknown';
  for (const [type, ofType] of Map.groupBy(rejections, typeOf)) {
    metrics.publish({ record_type: type }, { RecordsRejected: ofType.length });
    const reason = ofType[0]?.reasons[0] ?? '';
    log.warn('records rejected', { record_type: type, records: ofType.length, first_reason: reason });
  }
}

/** The checkpoint: everything from the lowest number on is handed out again. */
function failures(failed: readonly Delivery[]): KinesisStreamBatchResponse['batchItemFailures'] {
  const [lowest] = failed
    .map(({ pack: { sequenceNumber } }) => BigInt(sequenceNumber))
    .sort((one, other) => (one < other ? -1 : 1));
  return lowest === undefined ? [] : [{ itemIdentifier: String(lowest) }];
}
