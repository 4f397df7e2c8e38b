/** The small laws of the contract: bytes are counted, keys never meet, and quick ways give the slow ways' answers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { records } from '../.generated/records.ts';
import { validators } from '../.generated/validators.js';
import { fitsDecimal, fitsInteger, fitsVarchar, isBigint, isDate, isTimestamp } from '../contract/checks.ts';
import type { JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { damaged } from '../contract/damages.ts';
import { recordKey } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import { isExact, parseJson } from '../contract/numbers.ts';
import { validatorName } from '../contract/record.ts';
import { sampleBody, sampleEnvelope } from '../contract/samples.ts';
import { fitSuper, jsonBytes, superProblem } from '../contract/super.ts';
import { byteLength, cutToBytes, fitsBytes, isSafeText, repairText } from '../contract/text.ts';
import { isPlainlyWritten } from '../contract/written.ts';
import { everyKind, kindValidators } from './kinds.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);
/** Text that also has halves of surrogate pairs. */
const brokenText = fc
  .array(fc.oneof(anyText, fc.constantFrom('\ud800', '\udfff', '\0', '\uffff', '\u{1fffe}', '\ufdd0')), {
    maxLength: 5,
  })
  .map((parts) => parts.join(''));

describe('text', () => {
  test('is measured in bytes of UTF-8, not in characters', () => {
    expect(fitsVarchar('éé', 4)).toBe(true);
    expect(fitsVarchar('ééx', 4)).toBe(false);
    expect(fitsVarchar('🚀', 4)).toBe(true);
    expect(fitsVarchar('🚀', 3)).toBe(false);
    fc.assert(
      fc.property(anyText, fc.nat(200), (text, bytes) => {
        expect(fitsBytes(text, bytes)).toBe(Buffer.byteLength(text) <= bytes);
      }),
    );
  });

  test('is cut to the longest beginning that fits, never inside a character', () => {
    fc.assert(
      fc.property(anyText.map(repairText), fc.nat(100), (text, bytes) => {
        const cut = cutToBytes(text, bytes);

        expect(text.startsWith(cut)).toBe(true);
        expect(byteLength(cut)).toBeLessThanOrEqual(bytes);
        const next = [...text.slice(cut.length)][0];
        if (next !== undefined) expect(byteLength(cut + next)).toBeGreaterThan(bytes);
      }),
    );
  });

  test('that is repaired is safe, and safe text is not touched', () => {
    fc.assert(
      fc.property(brokenText, (text) => {
        expect(isSafeText(repairText(text))).toBe(true);
        if (isSafeText(text)) expect(repairText(text)).toBe(text);
      }),
    );
  });
});

describe('values', () => {
  test('of a bigint are those that 64 bits hold', () => {
    const near = fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n + 3n }).chain((n) => fc.constantFrom(n, -n));
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })), (number) => {
        expect(isBigint(String(number))).toBe(BigInt.asIntN(64, number) === number);
      }),
    );
  });

  test('of an integer are those that its bits hold', () => {
    expect(
      [32_767, -32_768, 32_768, -32_769, 1.5, Number.NaN, '1', null].map((value) => fitsInteger(value, 16)),
    ).toEqual([true, true, false, false, false, false, false, false]);
  });

  test.each([
    ['12.50', [4, 2], true],
    ['-0.5', [1, 1], true],
    ['0', [2, 2], true],
    ['1', [2, 2], false],
    ['123', [2, 0], false],
    ['99', [2, 0], true],
    ['1.5', [2, 0], false],
    ['01', [4, 2], false],
    ['1.', [4, 2], false],
    ['+1', [4, 2], false],
    ['1e1', [4, 2], false],
    [1, [4, 2], false],
  ])('decimal %j of %j: %j', (value, size, expected) => {
    expect(fitsDecimal(value, size)).toBe(expected);
  });

  test('of a date are days that exist', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        (y, m, d) => {
          const text = [
            String(y).padStart(4, '0'),
            String(m).padStart(2, '0'),
            String(d).padStart(2, '0'),
          ].join('-');
          const parsed = new Date(`${text}T00:00:00Z`);
          const exists = y > 0 && !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);

          expect([isDate(text), isTimestamp(`${text}T23:59:59.999999Z`)]).toEqual([exists, exists]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('that a double cannot hold keep their digits', () => {
    expect(
      parseJson('{"id":1834567890123456789,"small":12,"exact":0.5,"long":0.1234567890123456789}'),
    ).toEqual({
      id: '1834567890123456789',
      small: 12,
      exact: 0.5,
      long: '0.1234567890123456789',
    });
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()), (number) => {
        const isLost = Number.isInteger(number) && !Number.isSafeInteger(number);

        expect(isExact(JSON.stringify(number), number)).toBe(!isLost);
      }),
    );
  });
});

describe('a record key', () => {
  test('is another one for every other fact, and has no blank', () => {
    const pair = fc.tuple(brokenText.map(repairText), brokenText.map(repairText));
    fc.assert(
      fc.property(pair, pair, ([a, b], [c, d]) => {
        const keys = [
          recordKey({ key: ['x', 'y'] }, { x: a, y: b }),
          recordKey({ key: ['x', 'y'] }, { x: c, y: d }),
        ];

        expect(keys[0] === keys[1]).toBe(a === c && b === d);
        expect(keys.join('')).not.toMatch(/\s/);
      }),
    );
    expect(recordKey({ key: ['x', 'y'] }, { x: 'a/b', y: '' })).toBe('a%2Fb/');
  });
});

describe('a SUPER', () => {
  const anyJson = fc
    .jsonValue({ maxDepth: 5, stringUnit: 'binary' })
    .map((value): JsonValue => JSON.parse(JSON.stringify(value)));

  test('that is made to fit does, and what fits already stays', () => {
    fc.assert(
      fc.property(anyJson, fc.integer({ min: 2, max: 300 }), (value, bytes) => {
        const { value: fitted, wasCut } = fitSuper(value, bytes);

        expect(jsonBytes(fitted)).toBeLessThanOrEqual(Math.max(4, bytes));
        expect(superProblem(fitted)).toBeNull();
        if (superProblem(value) === null && jsonBytes(value) <= bytes) {
          expect([JSON.stringify(fitted), wasCut]).toEqual([JSON.stringify(value), false]);
        }
      }),
    );
  });

  test('in a text that is plainly written has no problem, and the text is what JSON.stringify writes', () => {
    const counts = { plain: 0, other: 0 };
    const values = fc.oneof(
      anyJson,
      fc
        .jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })
        .map((value): JsonValue => JSON.parse(JSON.stringify(value))),
      fc.array(
        fc.oneof(
          fc.integer(),
          fc.double({ noNaN: true }),
          fc.nat().map((n) => n * 1000),
        ),
      ),
    );
    fc.assert(
      fc.property(values, fc.nat({ max: 3 }), (inner, spoil) => {
        const value = { inner };
        const written = JSON.stringify(value);
        const text =
          [written, written.replace(',', ', '), written.replace('{', '{"inner":1,'), `${written} `][spoil] ??
          '';
        const parsed: object = JSON.parse(text);

        const isPlain = isPlainlyWritten(text, parsed, Buffer.from(text));

        counts[isPlain ? 'plain' : 'other'] += 1;
        // Bytes that a noncharacter would leave are enough for a closer look.
        const isDoubtful = /efb7|bfbe|bfbf/.test(Buffer.from(text).toString('hex'));
        const isGood = superProblem(parsed) === null && text === JSON.stringify(parsed);
        expect(isPlain).toBe(isGood && !isDoubtful);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(counts.plain, counts.other)).toBeGreaterThan(100);
  });
});

describe('validators', () => {
  test('say the same with what is known of the text and without', () => {
    for (const type of [...records, everyKind]) {
      const validator = { ...validators, ...kindValidators }[validatorName(type.name, type.version)];
      for (let seed = 0; seed < 20; seed += 1) {
        const envelope = sampleEnvelope(type, seed);
        const known = { plainBytes: jsonBytes(JSON.parse(JSON.stringify(envelope))) };

        expect([validator?.call(known, envelope), validator?.call(undefined, envelope)]).toEqual([
          true,
          true,
        ]);
      }
    }
  });

  test('that were compiled ahead refuse what those compiled now refuse', () => {
    for (const type of records) {
      const [ahead, now] = [validators[validatorName(type.name, type.version)], compileValidator(type)];
      const verdicts = damaged(type, sampleEnvelope(type, 3)).map(({ name, envelope }) => [
        name,
        ahead?.(envelope),
        now(envelope),
      ]);

      expect(verdicts.filter(([, one, other]) => one !== false || other !== false)).toEqual([]);
    }
  });

  test('refuse every single damage of every kind of column, and accept what conform makes of it where it may', () => {
    const validator = compileValidator(everyKind);
    const sample = sampleEnvelope(everyKind, 5);

    const accepted = damaged(everyKind, sample).filter(({ envelope }) => validator(envelope));

    expect(accepted.map(({ name }) => name)).toEqual([]);
  });

  test('accept what conform makes of any vendor value of a record type that may shorten', () => {
    const validator = compileValidator(everyKind);
    const kept = ['tenant', 'id', 'happened_at', 'user', 'facts'];
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(everyKind.columns).filter((name) => !kept.includes(name))),
        fc.oneof(
          fc.jsonValue({ stringUnit: 'binary' }),
          brokenText,
          fc.constant('x'.repeat(100_000)),
          fc.constant(Number.NaN),
        ),
        (name, value) => {
          const body = conform(everyKind, { ...sampleBody(everyKind, 4), [name]: value }, { mode: 'keep' });

          const isValid = validator({ ...sampleEnvelope(everyKind, 4), body });

          expect(isValid, JSON.stringify([name, validator.errors])).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('samples', () => {
  test('are the same for the same seed, and another fact for another', () => {
    for (const type of [...records, everyKind]) {
      const keys = Array.from({ length: 200 }, (_, seed) => sampleEnvelope(type, seed).record_key);

      expect(sampleEnvelope(type, 7)).toEqual(sampleEnvelope(type, 7));
      expect(new Set(keys).size).toBe(200);
    }
  });
});
