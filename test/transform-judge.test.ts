/** What the transform accepts and rejects, and that what it accepts is what COPY loads. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { records } from '../.generated/records.ts';
import { occurredAt, validators } from '../.generated/validators.js';
import { damaged } from '../contract/damages.ts';
import { type Envelope, MAX_ENVELOPE_BYTES } from '../contract/envelope.ts';
import { pollPage } from '../contract/ledger.ts';
import { sampleEnvelope } from '../contract/samples.ts';
import { createJudge, type Judged } from '../transformers/judge.ts';
import { copyRow } from './copy-model.ts';

const judge = createJudge(validators, occurredAt);

const judgeText = (text: string): Judged => judge(Buffer.from(`${text}\n`, 'utf8'));
const judgeBytes = (...bytes: readonly Uint8Array[]): Judged =>
  judge(Buffer.concat([...bytes, Buffer.from('\n')]));

/** What became of a record: the text of its row, or the first word of why not. */
function verdict(judged: Judged): string {
  return 'accepted' in judged ? judged.line.toString('utf8') : `rejected: ${judged.reasons[0]}`;
}

const page: Envelope = {
  record_type: 'poll_page',
  record_version: 1,
  record_key: 'run-1/1',
  feed: 'rollbar:web',
  run_id: 'run-1',
  seq: 3,
  observed_at: '2026-11-23T18:30:00.123Z',
  body: {
    run_id: 'run-1',
    page: 1,
    producer: 'rollbar',
    polled_at: '2026-11-23T18:30:00.123Z',
    first_seq: 1,
    emitted: { rollbar_occurrence: 2 },
    unchanged: 0,
    requests: 1,
    is_caught_up: true,
    newest_fact_at: null,
  },
};
const text = JSON.stringify(page);
const inBody = (change: Record<string, unknown>): string =>
  JSON.stringify({ ...page, body: { ...page.body, ...change } });

describe('every record type', () => {
  for (const type of records) {
    test(`${type.name}: samples pass byte for byte and load as they are`, () => {
      for (let seed = 0; seed < 60; seed += 1) {
        const envelope = sampleEnvelope(type, seed);

        const judged = judgeText(JSON.stringify(envelope));

        expect(verdict(judged)).toBe(`${JSON.stringify(envelope)}\n`);
        expect('accepted' in judged && copyRow(judged.line)).toEqual(JSON.parse(JSON.stringify(envelope)));
      }
    });

    test(`${type.name}: every single damage is rejected`, () => {
      const damages = damaged(type, sampleEnvelope(type, 1));

      const accepted = damages.filter(({ envelope }) => 'accepted' in judgeText(JSON.stringify(envelope)));

      expect(accepted.map(({ name }) => name)).toEqual([]);
    });
  }
});

describe('a text that COPY could read otherwise is written anew', () => {
  const asWritten = `${text}\n`;

  test.each([
    ['as JSON.stringify writes it', text, asWritten],
    ['blanks between tokens', JSON.stringify(page, null, ' '), asWritten],
    ['a line break', text.replace('{', '{\n'), asWritten],
    ['a blank at the end', `${text} `, asWritten],
    ['a byte order mark', `\uFEFF${text}`, asWritten],
    ['an escaped letter', text.replace('rollbar:web', 'rollb\\u0061r:web'), asWritten],
    ['an escaped slash', text.replace('run-1/1', 'run-1\\/1'), asWritten],
    ['an integer with an exponent', text.replace('"seq":3', '"seq":0.3e1'), asWritten],
    ['an integer with a point', text.replace('"seq":3', '"seq":3.0'), asWritten],
    ['a key twice, the last one counts', text.replace('"seq":3', '"seq":9,"seq":3'), asWritten],
    ['a body twice', text.replace('"body":', '"body":{"a":[[]]},"body":'), asWritten],
    ['a key twice in the body', text.replace('"page":1', '"page":7,"page":1'), asWritten],
    [
      'a key twice in a SUPER',
      text.replace('{"rollbar_occ', '{"rollbar_occurrence":1,"rollbar_occ'),
      asWritten,
    ],
  ])('%s', (_, given, expected) => {
    expect(verdict(judgeText(given))).toBe(expected);
  });

  const written = (seq: string, emitted: string): string =>
    text.replace('"seq":3', `"seq":${seq}`).replace('{"rollbar_occurrence":2}', emitted);

  test.each([
    ['an exponent as long as the digits', written('1e2', '{}'), written('100', '{}')],
    ['a blank that an exponent makes up for', written('3 ', '{"a":1e3}'), written('3', '{"a":1000}')],
    [
      'a point that a small exponent makes up for',
      written('3.0', '{"a":1e-4}'),
      written('3', '{"a":0.0001}'),
    ],
    [
      'a repeated key that an exponent makes up for',
      written('3', '{"b":1,"b":1,"a":1e8}'),
      written('3', '{"b":1,"a":100000000}'),
    ],
  ])('%s', (_, given, expected) => {
    expect(given.length).toBe(expected.length);
    expect(verdict(judgeText(given))).toBe(`${expected}\n`);
  });

  test('control characters, emoji and line separators stay as they are', () => {
    const given = inBody({
      emitted: { '\u001b[31m': ['\u0001\t\n"\\', '🚀', '\u2028', 'Zürich', '\u007f'] },
    });

    expect(verdict(judgeText(given))).toBe(`${given}\n`);
  });
});

describe('what is rejected', () => {
  const utf8 = Buffer.from(text);

  test.each([
    ['no JSON', judgeText('{"a":'), 'envelope: is not JSON'],
    ['nothing', judgeText(''), 'envelope: is not JSON'],
    ['two objects', judgeText(`${text}${text}`), 'envelope: is not JSON'],
    ['an array', judgeText('[]'), 'envelope: must be a JSON object'],
    ['null', judgeText('null'), 'envelope: must be a JSON object'],
    ['bytes that are no UTF-8', judgeBytes(utf8, Buffer.from([0xff])), 'envelope: is not valid UTF-8'],
    [
      'an overlong form',
      judgeBytes(Buffer.from('{"a":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')),
      'envelope: is not valid UTF-8',
    ],
    [
      'a surrogate as bytes',
      judgeBytes(Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')),
      'envelope: is not valid UTF-8',
    ],
    [
      'an unknown type',
      judgeText(text.replace('poll_page', 'other_page')),
      'record_type, record_version: expected a record type that is deployed here; deploy it, then redrive',
    ],
    [
      'a name of the prototype',
      judgeText(text.replace('poll_page', '__proto__')),
      'record_type, record_version: expected a record type that is deployed here; deploy it, then redrive',
    ],
    [
      'an unknown version',
      judgeText(text.replace('"record_version":1', '"record_version":2')),
      'record_type, record_version: expected a record type that is deployed here; deploy it, then redrive',
    ],
    [
      'NUL behind an escape',
      judgeText(text.replace('"rollbar"', '"roll\\u0000bar"')),
      'body.producer: fitsVarchar: expected text of at most 64 bytes of UTF-8, without NUL, lone surrogates and noncharacters',
    ],
    [
      'a lone surrogate behind an escape',
      judgeText(text.replace('"rollbar"', '"\\ud83d"')),
      'body.producer: fitsVarchar: expected text of at most 64 bytes of UTF-8, without NUL, lone surrogates and noncharacters',
    ],
    [
      'a number too large for a double',
      judgeText(text.replace('{"rollbar_occurrence":2}', '{"n":1e400}')),
      'body.emitted: fitsSuper: expected a value that a SUPER holds (text, depth, numbers), not null, at most 8192 bytes of JSON (a number is not finite)',
    ],
    [
      'a number that loses digits',
      judgeText(text.replace('{"rollbar_occurrence":2}', '{"n":1834567890123456789}')),
      'body.emitted: fitsSuper: expected a value that a SUPER holds (text, depth, numbers), not null, at most 8192 bytes of JSON (a whole number is beyond 2^53: send its digits as a string)',
    ],
    [
      'a key named __proto__ beside the columns',
      judgeText(text.replace('"page":1', '"page":1,"__proto__":1')),
      'body: onlyColumns: expected the declared columns and no other',
    ],
  ])('%s', (_, judged, expected) => {
    expect(verdict(judged)).toBe(`rejected: ${expected}`);
  });

  test('a row that Kinesis takes and Firehose does not', () => {
    const fits = MAX_ENVELOPE_BYTES - 1 - Buffer.byteLength(inBody({ emitted: '' }));

    const judged = judgeText(inBody({ emitted: 'x'.repeat(fits + 1) }));

    expect(verdict(judged)).toBe(
      'rejected: envelope: is 1024001 bytes with its newline, must be at most 1024000 to travel through Firehose',
    );
  });

  test('nesting without end is rejected, not an exception', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);

    const reasons = [
      verdict(judgeText(deep)),
      verdict(judgeText(text.replace('{"rollbar_occurrence":2}', deep))),
      verdict(judgeText(text.replace('"run_id":"run-1","page"', `"run_id":${deep},"page"`))),
    ];

    expect(reasons).toEqual([
      'rejected: envelope: must be a JSON object',
      'rejected: body.emitted: fitsSuper: expected a value that a SUPER holds (text, depth, numbers), not null, at most 8192 bytes of JSON (nested deeper than 500)',
      'rejected: envelope: hasRecordKey: expected the record_key that follows from run_id,page',
    ]);
  });

  test('says what the record claimed to be, as far as it can be read', () => {
    const claims = [
      judgeText(inBody({ page: 'one' })),
      judgeText(`{"run_id":"${'x'.repeat(41)}","seq":-1,"record_type":7,"feed":"\\u0000"}`),
      judgeText('not json'),
    ].map((judged) => 'rejected' in judged && judged.rejected);

    const nothing = {
      record_type: null,
      record_version: null,
      record_key: null,
      feed: null,
      run_id: null,
      seq: null,
      happened_at: null,
    };
    expect(claims).toEqual([
      {
        record_type: 'poll_page',
        record_version: 1,
        record_key: 'run-1/1',
        feed: 'rollbar:web',
        run_id: 'run-1',
        seq: 3,
        happened_at: page.body.polled_at,
      },
      nothing,
      nothing,
    ]);
  });

  test('gives at most twenty reasons, and none holds a value', () => {
    const secret = 'correct horse battery staple';
    const body = Object.fromEntries(
      Object.keys(page.body).map((name) => [name, { [secret]: [secret, secret] }]),
    );
    const [widest = pollPage] = [...records].sort(
      (one, other) => Object.keys(other.columns).length - Object.keys(one.columns).length,
    );
    const allWrong = Object.fromEntries(Object.keys(widest.columns).map((name) => [name, [secret]]));
    const many = judgeText(JSON.stringify({ ...sampleEnvelope(widest, 1), body: allWrong, extra: secret }));

    const judged = judgeText(JSON.stringify({ ...page, body, [secret]: secret }));

    expect('rejected' in judged && judged.reasons.join('\n')).not.toContain(secret);
    expect('rejected' in many && many.reasons.length).toBe(20);
    expect('rejected' in many && many.reasons.at(-1)).toMatch(/^and \d+ more$/);
  });
});

describe('laws', () => {
  /** JSON text of a value with everything that JSON allows and JSON.stringify would not write. */
  function noisy(value: unknown, random: () => number): string {
    const blank = (): string =>
      random() < 0.1 ? (['', ' ', '\n', '\t'][Math.floor(random() * 4)] ?? '') : '';
    if (typeof value === 'string') {
      const written = JSON.stringify(value);
      return random() < 0.2
        ? written.replace(/[a-z](?!u)/g, (letter) =>
            random() < 0.1 && !/\\./.test(written) ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
          )
        : written;
    }
    if (typeof value === 'number') {
      if (random() < 0.7) return JSON.stringify(value);
      return Number.isInteger(value) && random() < 0.5 ? value.toExponential() : `${value.toExponential()}`;
    }
    if (Array.isArray(value)) {
      return `[${blank()}${value.map((element) => noisy(element, random)).join(`,${blank()}`)}${blank()}]`;
    }
    if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value).flatMap(([key, member]) => {
        const written = `${JSON.stringify(key)}${blank()}:${blank()}${noisy(member, random)}`;
        return random() < 0.05 ? [`${JSON.stringify(key)}:0`, written] : [written];
      });
      return `{${blank()}${members.join(`${blank()},`)}}`;
    }
    return JSON.stringify(value);
  }

  test('whatever is accepted loads, as the value that was judged', () => {
    const seen = { accepted: 0, rejected: 0 };
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
        fc.nat({ max: 2000 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (emitted, seq, stream) => {
          const random = (): number => stream.next().value ?? 0;
          const envelope = { ...page, seq: seq + 1, body: { ...page.body, emitted } };

          const judged = judgeText(noisy(JSON.parse(JSON.stringify(envelope)), random));

          if ('rejected' in judged) {
            seen.rejected += 1;
            return;
          }
          seen.accepted += 1;
          expect(copyRow(judged.line)).toEqual(judged.accepted);
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(seen.accepted, seen.rejected)).toBeGreaterThan(50);
  });

  test('any bytes get a verdict', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(text.length), (bytes, at) => {
        const broken = Buffer.concat([Buffer.from(text.slice(0, at)), bytes, Buffer.from(text.slice(at))]);

        const judged = judgeBytes(broken);

        if ('accepted' in judged) expect(copyRow(judged.line)).toEqual(judged.accepted);
      }),
      { numRuns: 500 },
    );
  });
});
