/**
 * How fast the transform is: decode, judge and pack a batch, against decoding and JSON.parse of the same batch alone.
 *
 *     node test/bench/transform.ts
 *
 * Both run in turns in one process and their ratio is printed, because machines are noisy. The bar is 0.8 for a
 * batch as it comes from an error tracker: mostly occurrences with a payload of some kilobytes, a few small rows.
 */
import type { KinesisStreamRecord } from 'aws-lambda';
import { records } from '../../.generated/records.ts';
import { validators } from '../../.generated/validators.js';
import type { JsonValue } from '../../contract/columns.ts';
import { conform } from '../../contract/conform.ts';
import { seal } from '../../contract/envelope.ts';
import type { Body, RecordType } from '../../contract/record.ts';
import { decode } from '../../transformers/decode.ts';
import { createJudge } from '../../transformers/judge.ts';
import { pack, type Row } from '../../transformers/pack.ts';

const TURNS = 60;
const judge = createJudge(validators);

/** An everyday value: what most rows hold, neither empty nor at the edge of its column. */
function everyday(type: RecordType, name: string, frames: number, index: number): JsonValue {
  const column = type.columns[name];
  switch (column?.type.kind) {
    case 'varchar':
      return `${name} ${index}`.slice(0, column.type.bytes);
    case 'super':
      return payload(frames, index);
    case 'bigint':
      return String(455_732_313_190 + index);
    case 'decimal':
      return '1';
    case 'boolean':
      return true;
    case 'timestamp':
      return '2026-11-23T18:30:00.123Z';
    case 'date':
      return '2026-11-23';
    default:
      return 17 + index;
  }
}

function payload(frames: number, index: number): JsonValue {
  return {
    body: {
      trace: {
        exception: {
          class: 'ActiveRecord::StatementInvalid',
          message: `PG::UndefinedColumn: column "x${index}"\nLINE 1`,
        },
        frames: Array.from({ length: frames }, (_, at) => ({
          filename: `/app/vendor/bundle/ruby/3.4.0/gems/activerecord-8.0.1/lib/active_record/connection_${at}.rb`,
          lineno: 101 + at * 7,
          colno: null,
          method: `block in exec_query_${at}`,
          code: '      result = conn.exec_params(sql, type_casted_binds)',
          context: { pre: ['  def query', '    log(sql) do'], post: ['    end', '  end'] },
        })),
      },
    },
    request: {
      url: 'https://shop.example/orders/1',
      method: 'GET',
      headers: { Accept: '*/*' },
      params: { id: '1' },
    },
    server: { pid: 4711, root: '/app', host: 'web-17' },
  };
}

function rows(type: RecordType, frames: number, count: number): KinesisStreamRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const values = Object.fromEntries(
      Object.keys(type.columns).map((name) => [name, everyday(type, name, frames, index)]),
    );
    const body: Body = conform(type, { ...values, truncated_fields: null }, { mode: 'keep' });
    const envelope = seal(type, body, {
      feed: 'rollbar:web',
      run_id: '20261123T183000.123Z-5f2c1a9b',
      seq: 17 + index,
      observed_at: '2026-11-23T18:30:01.456Z',
    });
    return arrival(Buffer.from(JSON.stringify(envelope)).toString('base64'), index);
  });
}

function arrival(data: string, index: number): KinesisStreamRecord {
  return {
    kinesis: {
      data,
      sequenceNumber: String(index),
      partitionKey: '',
      kinesisSchemaVersion: '1.0',
      approximateArrivalTimestamp: 0,
    },
    eventID: `shardId-000000000000:${index}`,
    awsRegion: '',
    eventName: '',
    eventSource: '',
    eventSourceARN: '',
    eventVersion: '',
    invokeIdentityArn: '',
  };
}

function race(name: string, batch: readonly KinesisStreamRecord[]): void {
  const plain = (): unknown[] =>
    batch.map(({ kinesis }) => JSON.parse(Buffer.from(kinesis.data, 'base64').toString('utf8')));
  const whole = (): unknown => {
    const rows: Row[] = [];
    for (const { line, sequenceNumber } of decode(batch)) {
      const judged = judge(line);
      if ('rejected' in judged) throw new Error(`${name}: ${judged.reasons.join()}`);
      rows.push({ line: judged.line, sequenceNumber });
    }
    return pack(rows);
  };
  const best = { plain: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn < TURNS; turn += 1) {
    const start = performance.now();
    plain();
    const between = performance.now();
    whole();
    best.plain = Math.min(best.plain, between - start);
    best.whole = Math.min(best.whole, performance.now() - between);
  }
  const bytes = batch.reduce((sum, { kinesis }) => sum + Buffer.byteLength(kinesis.data, 'base64'), 0);
  console.log(
    `${name.padEnd(32)} ${String(Math.round(bytes / batch.length)).padStart(6)} bytes a row ` +
      `${String(Math.round(bytes / best.whole / 1000)).padStart(5)} MB/s   ratio ${(best.plain / best.whole).toFixed(2)}`,
  );
}

const occurrence = records.find(({ name }) => name === 'rollbar_occurrence') ?? records[0];
if (occurrence !== undefined) {
  for (const frames of [2, 10, 40, 200])
    race(`${occurrence.name}, ${frames} frames`, rows(occurrence, frames, Math.ceil(8000 / (frames + 10))));
}
for (const type of records) race(type.name, rows(type, 0, 500));
race(
  'mixed',
  records.flatMap((type) => rows(type, 20, type === occurrence ? 300 : 20)),
);
