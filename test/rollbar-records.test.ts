/** What becomes of Rollbar's rows: columns, and what the validator says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Column, JsonValue } from '../contract/columns.ts';
import { MAX_ENVELOPE_BYTES, seal } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import { at } from '../contract/read.ts';
import type { Body, Emitted } from '../contract/record.ts';
import { deploy, deployOf } from '../producers/rollbar/deploy.ts';
import { item, itemOf } from '../producers/rollbar/item.ts';
import { occurrence, occurrenceOf } from '../producers/rollbar/occurrence.ts';
import { answer, bodyOf, mixed, occurrences, rowsOf } from './rollbar-answers.ts';

const origin = { feed: 'rollbar:shop', run_id: 'run', seq: 1, observed_at: '2026-11-23T18:30:00.000Z' };
const validators = new Map([occurrence, item, deploy].map((type) => [type.name, compileValidator(type)]));

const envelopeOf = (emitted: Emitted) => seal(emitted.type, bodyOf(emitted), origin);

/** The columns that the validator refuses. */
function refused(emitted: Emitted, damage: Readonly<Record<string, unknown>> = {}): string[] {
  const envelope = envelopeOf(emitted);
  const validate = validators.get(emitted.type.name);
  validate?.({ ...envelope, body: { ...envelope.body, ...damage } });
  // What contradicts the envelope is refused there as well, without a path.
  return (validate?.errors ?? []).map(({ instancePath }) => instancePath).filter((path) => path !== '');
}

const items = [
  ...rowsOf('items_page1.json', 'items'),
  ...rowsOf('items_total_count_null.json', 'items'),
  at(answer('item_single.json'), 'result'),
].map(itemOf);
const deploys = rowsOf('deploys_page1.json', 'deploys').map(deployOf);

const [browser, ruby, python, ios, system] = mixed.map((emitted) => bodyOf(emitted));

/** A body without its payload and without what is null. */
function said(body: Body | undefined): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(body ?? {}).filter(([name, value]) => value !== null && name !== 'payload'),
  );
}

test('every row of the documented answers is a record that the validator accepts', () => {
  const all = [...occurrences, ...items, ...deploys];

  const reasons = all.map((emitted) => refused(emitted));

  expect(all.length).toBe(28);
  expect(reasons.flat()).toEqual([]);
});

test('damage to any single value is refused', () => {
  const unfit: Readonly<Record<Column['type']['kind'], unknown>> = {
    varchar: 7,
    bigint: 7,
    timestamp: '2026-13-01T00:00:00Z',
    integer: '7',
    smallint: 1e9,
    boolean: 'true',
    super: '\u0000',
    date: '2026-02-30',
    decimal: 'x',
    double: 'x',
  };

  for (const emitted of [occurrences[0], items[0], deploys[0]]) {
    if (emitted === undefined) throw new Error('an answer has no rows');
    for (const [name, { type }] of Object.entries(emitted.type.columns)) {
      expect([name, ...refused(emitted, { [name]: unfit[type.kind] })]).toEqual([name, `/body/${name}`]);
    }
    expect(refused(emitted, { surprise: 1 })).toEqual(['/body']);
  }
});

describe('an occurrence', () => {
  test('with a trace', () => {
    expect(said(browser)).toEqual({
      project_id: '700123',
      id: '455732314098',
      item_id: '1642030917',
      occurred_at: '2026-09-01T11:59:56.000Z',
      timestamp_seconds: '1788263996',
      customer_timestamp: '2026-09-01T11:59:51.000Z',
      level: 'error',
      environment: 'production',
      platform: 'browser',
      language: 'javascript',
      framework: 'browser-js',
      code_version: '9f2c1e7',
      client_code_version: '9f2c1e7',
      title: "TypeError: Cannot read properties of undefined (reading 'total')",
      body_kind: 'trace',
      exception_class: 'TypeError',
      exception_message: "Cannot read properties of undefined (reading 'total')",
      frame_count: 3,
      top_frame_file: 'webpack:///src/checkout/summary.ts',
      top_frame_line: 88,
      top_frame_method: 'renderTotals',
      is_uncaught: true,
      context: 'checkout#summary',
      request_url: 'https://shop.example.com/checkout',
      client_browser:
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
      client_runtime_ms: '38211',
      person_id: '84112',
      uuid: '5b1ad2f0-2b4f-4d0e-a9b4-9f6c2f1c7a10',
      notifier_name: 'rollbar-browser-js',
      notifier_version: '2.26.4',
      is_billable: true,
      payload_version: 2,
    });
  });

  test('with a chain of traces says what the outermost exception is and what caused it', () => {
    expect(said(ruby)).toMatchObject({
      body_kind: 'trace_chain',
      exception_class: 'Orders::PersistError',
      exception_message: 'could not persist order',
      root_cause_class: 'PG::QueryCanceled',
      frame_count: 2,
      top_frame_file: '/app/app/controllers/orders_controller.rb',
      top_frame_line: 41,
      top_frame_method: 'create',
      request_url: 'https://api.example.com/orders',
      request_method: 'POST',
      server_host: 'web.3',
      server_branch: 'main',
      server_code_version: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
      fingerprint: 'orders-create-pg-timeout',
      person_id: '5512',
    });
  });

  test('that is a message, or a crash report', () => {
    expect(said(python)).toMatchObject({
      body_kind: 'message',
      exception_message: 'retrying export batch 17 — upstream returned 503',
      customer_timestamp: '2026-09-01T11:59:28.600Z',
    });
    expect(said(ios)).toMatchObject({
      body_kind: 'crash_report',
      exception_message: 'Incident Identifier: C0A3F2C1-6D0A-4B7E-9E9D-0A4D1B1E7F33',
      occurred_at: '2026-09-01T11:59:02.000Z',
      customer_timestamp: '2026-09-01T05:00:00.000Z',
      person_id: 'anon-77aa',
    });
  });

  test('of Rollbar itself has almost no fields', () => {
    expect(said(system)).toEqual({
      project_id: '700123',
      id: '455732311950',
      item_id: '1644120001',
      occurred_at: '2026-09-01T11:59:01.000Z',
      timestamp_seconds: '1788263941',
      level: 'warning',
      environment: 'production',
      framework: 'rollbar-system',
      body_kind: 'message',
      exception_message: 'Your rate limit has been reached for access_token browser-prod',
      is_billable: false,
      payload_version: 2,
    });
  });

  test('keeps the digits of large numbers, and its text is repaired', () => {
    const [row] = rowsOf('instances_precision_and_text_traps.json', 'instances');
    const body = bodyOf(occurrenceOf(row ?? null));
    const json = JSON.stringify(body.payload);

    expect(said(body)).toMatchObject({
      person_id: '9007199254740993',
      code_version: '20260901',
      uuid: 'not-a-uuid-at-all',
      exception_message: 'snowflake and friends  \u{1F600} \uFFFD end',
    });
    for (const digits of [
      '1834567890123456789',
      '9223372036854775807',
      '18446744073709551615',
      '0.10000000000000000555',
      '12345678901234567.89',
      '72057594037927937',
    ]) {
      expect(json).toContain(`"${digits}"`);
    }
    expect(json).toContain('"__proto__":{"x":1}');
    expect(json).toContain('"Key":"upper","key":"lower"');
  });

  test('is accepted whatever the payload looks like, as long as it has an id and a time', () => {
    const names = [
      'body',
      'trace',
      'trace_chain',
      'message',
      'crash_report',
      'exception',
      'frames',
      'person',
      'id',
    ];
    const more = [
      'class',
      'raw',
      'request',
      'url',
      'client',
      'javascript',
      'attributes',
      'key',
      'value',
      'metadata',
    ];
    const strange = fc.object({
      key: fc.oneof(fc.constantFrom(...names, ...more, 'customer_timestamp', 'level', 'lineno'), fc.string()),
      maxDepth: 4,
      maxKeys: 5,
      values: [fc.string({ unit: 'binary' }), fc.integer(), fc.double(), fc.constant(null), fc.boolean()],
    });

    fc.assert(
      fc.property(strange, strange, (data, envelope) => {
        const row = JSON.parse(
          JSON.stringify({ ...envelope, data, id: 1, project_id: 2, timestamp: 1788263996 }),
        );

        expect(refused(occurrenceOf(row))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('names the columns of values that cannot be what they should be', () => {
    const row = {
      id: 1,
      project_id: 2,
      timestamp: 1788263996,
      version: 'two',
      data: {
        level: ['error'],
        title: 'ä'.repeat(1000),
        body: {
          trace: {
            frames: [
              { filename: 'a.py', lineno: '12' },
              { filename: 'b.py?x', lineno: 'last' },
            ],
          },
        },
        metadata: { customer_timestamp: 'yesterday' },
        client: { runtime_ms: 12.6 },
        person: { id: '' },
      },
    };

    const body = bodyOf(occurrenceOf(row));

    expect(body).toMatchObject({
      title: 'ä'.repeat(510),
      top_frame_file: 'b.py',
      top_frame_line: null,
      client_runtime_ms: '13',
      person_id: null,
      frame_count: 2,
      truncated_fields: 'customer_timestamp,level,title,top_frame_line,payload_version',
    });
    expect(refused(occurrenceOf(row))).toEqual([]);
  });

  test('without an id or a time is refused, not guessed', () => {
    const damaged = [
      { timestamp: 1788263996 },
      { id: 1, timestamp: 'now' },
      { id: '007', timestamp: 1788263996 },
      null,
    ];

    const reasons = damaged.map((row) =>
      refused(occurrenceOf(row === null ? null : { project_id: 2, ...row })),
    );

    expect(reasons).toEqual([
      ['/body/id'],
      ['/body/occurred_at', '/body/timestamp_seconds'],
      ['/body/id'],
      ['/body/project_id', '/body/id', '/body/occurred_at', '/body/timestamp_seconds'],
    ]);
  });

  test('whose timestamp is in milliseconds is understood', () => {
    const body = bodyOf(occurrenceOf({ id: 1, project_id: 2, timestamp: 1788263996311 }));

    expect([body.occurred_at, body.timestamp_seconds]).toEqual(['2026-09-01T11:59:56.311Z', '1788263996']);
  });

  test('never exceeds an envelope, even if every byte needs an escape', () => {
    const worst = Object.fromEntries(
      Object.entries(occurrence.columns).map(([name, { type }]) => {
        if (type.kind === 'varchar') return [name, '\u0001'.repeat(type.bytes)];
        if (type.kind === 'super') return [name, null];
        return [name, type.kind === 'bigint' ? '-9223372036854775808' : '2026-11-23T18:30:00.123456Z'];
      }),
    );
    const { payload } = occurrence.columns;
    const payloadBytes = payload.type.kind === 'super' ? payload.type.maxBytes : 0;

    const bytes = Buffer.byteLength(JSON.stringify(seal(occurrence, worst as Body, origin)));

    expect(bytes + payloadBytes + 4096).toBeLessThan(MAX_ENVELOPE_BYTES);
  });

  test('with a payload of 1 MB is cut, says so, and fits', () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      key: `k${index}`,
      text: '\u{1F600}"\u0001'.repeat(10_000),
    }));

    const emitted = occurrenceOf({ id: 1, project_id: 2, timestamp: 1788263996, data: { custom: { rows } } });

    expect(bodyOf(emitted).truncated_fields).toBe('payload');
    expect(Buffer.byteLength(JSON.stringify(envelopeOf(emitted)))).toBeLessThan(MAX_ENVELOPE_BYTES);
    expect(refused(emitted)).toEqual([]);
  });
});
