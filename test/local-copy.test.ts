import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toPostgres } from '../contract/postgres.ts';
import { CopyError, copy, keepUncompressed } from '../local/warehouse/copy.ts';
import { parseCopy } from '../local/warehouse/copy-statement.ts';
import { type Database, openDatabase, type Query } from '../local/warehouse/database.ts';

const OPTIONS =
  "IAM_ROLE 'arn:aws:iam::000000000000:role/copy' JSON 'auto' TIMEFORMAT 'auto' DATEFORMAT 'auto'";

const TABLE = `create table heimdallr.sample (
  "s" varchar(5), "wide" varchar(65535), "small" smallint, "n" integer, "big" bigint, "d" decimal(5,2), "d19" decimal(19,0),
  "f" float8, "b" boolean, "at" timestamp, "day" date, "j" super, "needed" varchar(5) not null, "preset" integer default 7)`;

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ url: 'memory:', dataDir: '/nowhere' });
  await database.query(toPostgres(TABLE) ?? '');
  await keepUncompressed(database.query, 'heimdallr.sample');
});

afterAll(() => database.close());

/** Loads one file into the sample table, hands the table to `read`, and undoes it. */
async function load<T>(
  file: string | Buffer,
  read: (query: Query) => Promise<T>,
  { options = OPTIONS, table = 'heimdallr.sample' } = {},
): Promise<T> {
  const undone = new Error('undone');
  const answer: { value?: T } = {};
  const statement = parseCopy(`copy ${table} from 's3://bucket/rows.json' ${options}`);
  try {
    await database.transaction(async (query) => {
      await copy(statement, query, async () => Buffer.from(file));
      answer.value = await read(query);
      throw undone;
    });
  } catch (error) {
    if (error !== undone) throw error;
  }
  return answer.value as T;
}

/** What a row with this member holds in this column after the COPY: Postgres' text, or code and words of the refusal. */
async function loaded(column: string, member: string, options = OPTIONS): Promise<string | null> {
  const needed = column === 'needed' ? '' : '"needed":"x"';
  const row = `{${[needed, member].filter((part) => part !== '').join(',')}}`;
  try {
    return await load(
      row,
      async (query) => {
        const { rows } = await query(`select "${column}"::text as value from heimdallr.sample`);
        return rows[0]?.value ?? null;
      },
      { options },
    );
  } catch (error) {
    if (!(error instanceof CopyError)) throw error;
    return `${error.detail.code} ${error.detail.message}`;
  }
}

const LONG_STRING = 'x'.repeat(65_536);
const OVERLONG = '1204 String length exceeds DDL length';
const BAD_TEXT = '1220 String contains invalid or unsupported UTF8 codepoints. Bad codepoint: ';
const BAD_TIME = '1206 Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]';
const MISSING = '1213 Missing data for not-null field';

describe('COPY and one value', () => {
  test.each<[sentence: string, column: string, member: string, expected: string | null]>([
    ['a string as wide as its column loads', 's', '"s":"abcde"', 'abcde'],
    ['a string wider than its column is refused', 's', '"s":"abcdef"', OVERLONG],
    ['width is counted in bytes', 's', '"s":"ααα"', OVERLONG],
    ['trailing blanks beyond the width are forgiven', 's', '"s":"abc      "', 'abc  '],
    ['blanks are kept', 's', '"s":"  "', '  '],
    ['65,535 bytes fit the widest column', 'wide', `"wide":"${'x'.repeat(65_535)}"`, 'x'.repeat(65_535)],
    ['65,536 bytes fit no column', 'wide', `"wide":"${LONG_STRING}"`, OVERLONG],
    ['a four-byte character loads', 's', '"s":"😀"', '😀'],
    [
      'a lone surrogate is refused',
      's',
      '"s":"\\ud800"',
      `${BAD_TEXT}surrogate written as an escape (error 5)`,
    ],
    [
      'an escaped surrogate pair is refused',
      's',
      '"s":"\\ud83d\\ude00"',
      `${BAD_TEXT}surrogate written as an escape (error 5)`,
    ],
    ['an escaped backslash before a u is no surrogate', 's', '"s":"\\\\ud8"', '\\ud8'],
    ['a noncharacter is refused', 's', '"s":"\uffff"', `${BAD_TEXT}U+FFFF (error 7)`],
    [
      'NUL at the start is refused',
      's',
      '"s":"\\u0000a"',
      '1218 Invalid null byte - field longer than 1 byte',
    ],
    ['NUL later cuts the text without a word', 's', '"s":"ab\\u0000c"', 'ab'],
    ['escapes are resolved', 's', '"s":"\\"\\n\\\\\\u0041"', '"\n\\A'],
    ['a number in a text column is its digits', 's', '"s":1.50', '1.50'],
    ['nested JSON in a text column is its text', 'wide', '"wide":{"a": [1, 2.0]}', '{"a": [1, 2.0]}'],
    ['nested JSON wider than its column is refused', 's', '"s":{"a":1}', OVERLONG],
    ['an empty string stays empty in a text column', 's', '"s":""', ''],
    ['an empty string in an integer column is null', 'n', '"n":""', null],
    ['an empty string in a decimal column is null', 'd', '"d":""', null],
    ['an empty string in a timestamp column is null', 'at', '"at":""', null],
    ['the smallest SMALLINT loads', 'small', '"small":-32768', '-32768'],
    ['a SMALLINT out of range is refused', 'small', '"small":32768', '1204 Value out of range for 2 bytes'],
    ['the largest INTEGER loads', 'n', '"n":2147483647', '2147483647'],
    ['an INTEGER out of range is refused', 'n', '"n":-2147483649', '1204 Value out of range for 4 bytes'],
    ['the smallest BIGINT loads from text', 'big', '"big":"-9223372036854775808"', '-9223372036854775808'],
    [
      'a BIGINT out of range is refused',
      'big',
      '"big":9223372036854775808',
      '1222 Overflow, Value out of range for 8 bytes, Type: Long',
    ],
    [
      'an integer with a point is refused',
      'n',
      '"n":12.0',
      "1207 Invalid digit, Value '.', Pos 2, Type: Integer",
    ],
    [
      'an integer with an exponent is refused',
      'n',
      '"n":1e3',
      "1207 Invalid digit, Value 'e', Pos 1, Type: Integer",
    ],
    [
      'a word in an integer column is refused',
      'n',
      '"n":true',
      "1207 Invalid digit, Value 't', Pos 0, Type: Integer",
    ],
    ['a decimal is cut, not rounded', 'd', '"d":1.239', '1.23'],
    ['a negative decimal is cut towards zero', 'd', '"d":"-1.239"', '-1.23'],
    ['a decimal with too many whole digits is refused', 'd', '"d":1000', '1204 Overflow for NUMERIC(5,2)'],
    [
      'a decimal with an exponent is refused',
      'd',
      '"d":1e2',
      "1207 Invalid digit, Value 'e', Pos 1, Type: Decimal",
    ],
    ['DECIMAL(19,0) ends at 64 bits', 'd19', '"d19":9223372036854775807', '9223372036854775807'],
    [
      'DECIMAL(19,0) does not hold 2^63',
      'd19',
      '"d19":9223372036854775808',
      '1204 Overflow for NUMERIC(19,0)',
    ],
    ['a float loads', 'f', '"f":-1.5e-3', '-0.0015'],
    ['NaN is refused', 'f', '"f":"NaN"', '1208 Invalid float format or value'],
    ['Infinity is refused', 'f', '"f":"Infinity"', '1208 Invalid float format or value'],
    ['a float out of range is refused', 'f', '"f":1e999', '1208 Float value is out of range'],
    ['NaN without quotes is no JSON', 'f', '"f":NaN', '1216 Invalid value: "N"'],
    ['an ISO instant in UTC loads', 'at', '"at":"2026-11-23T18:30:00.123456Z"', '2026-11-23 18:30:00.123456'],
    ['a time zone is ignored', 'at', '"at":"2026-11-23T18:30:00+05:30"', '2026-11-23 18:30:00'],
    ['a day is its midnight', 'at', '"at":"2026-11-23"', '2026-11-23 00:00:00'],
    ['a day that does not exist is refused', 'at', '"at":"2026-02-29T00:00:00Z"', BAD_TIME],
    ['more than six fractional digits are refused', 'at', '"at":"2026-11-23T18:30:00.1234567Z"', BAD_TIME],
    ['seconds since 1970 are refused', 'at', '"at":1795458600', BAD_TIME],
    ['seconds since 1970 as text are refused', 'at', '"at":"1795458600"', BAD_TIME],
    ['infinity is no timestamp', 'at', '"at":"infinity"', BAD_TIME],
    ['now is no timestamp', 'at', '"at":"now"', BAD_TIME],
    ['epoch is no timestamp', 'at', '"at":"epoch"', BAD_TIME],
    ['the year 0 is refused', 'at', '"at":"0000-01-01T00:00:00Z"', BAD_TIME],
    ['the year 10000 is refused', 'at', '"at":"10000-01-01T00:00:00Z"', BAD_TIME],
    ['a date loads', 'day', '"day":"2024-02-29"', '2024-02-29'],
    [
      'a short date is refused',
      'day',
      '"day":"2024-2-9"',
      '1205 Invalid Date Format - length must be 10 or more',
    ],
    ['null loads into a nullable column', 'n', '"n":null', null],
    ['a missing key is null, not the default', 'preset', '', null],
    ['null in a NOT NULL column is refused', 'needed', '"needed":null', MISSING],
    ['a missing key of a NOT NULL column is refused', 'needed', '', MISSING],
    ['an empty string in a NOT NULL text column loads', 'needed', '"needed":""', ''],
    ['a key in other case is an unknown key', 's', '"S":"x"', null],
    [
      'an unknown key is ignored, whatever it holds',
      's',
      `"s":"x","other":{"a":"\\u0000${LONG_STRING}"}`,
      'x',
    ],
    ['a key given twice is refused', 's', '"s":"x","s":"y"', '1216 Duplicate key "s" in a JSON object'],
    [
      'numbers in a SUPER keep their digits',
      'j',
      '"j":{"id":12345678901234567890,"price":1.50,"tiny":0.10000000000000000001}',
      '{"id": 12345678901234567890, "tiny": 0.10000000000000000001, "price": 1.50}',
    ],
    ['an empty string in a SUPER is one', 'j', '"j":""', '""'],
    [
      'a string of 65,536 bytes in a SUPER is refused',
      'j',
      `"j":{"a":["${LONG_STRING}"]}`,
      '1224 A string in a SUPER is 65536 bytes long, at most 65535 fit',
    ],
    [
      'a SUPER nested 1,000 deep loads',
      'j',
      `"j":${'['.repeat(1000)}${']'.repeat(1000)}`,
      `${'['.repeat(1000)}${']'.repeat(1000)}`,
    ],
    [
      'a SUPER nested 1,001 deep is refused',
      'j',
      `"j":${'['.repeat(1001)}${']'.repeat(1001)}`,
      '1224 SUPER is nested deeper than 1000',
    ],
    [
      'a key given twice in a SUPER is refused',
      'j',
      '"j":{"a":{"b":1,"b":2}}',
      '1224 Duplicate key "b" in a SUPER object',
    ],
    [
      'a lone surrogate in a SUPER is refused',
      'j',
      '"j":["\\udc00"]',
      `${BAD_TEXT}surrogate written as an escape (error 5)`,
    ],
    ['a noncharacter in a key of a SUPER is refused', 'j', '"j":{"\ufdd0":1}', `${BAD_TEXT}U+FDD0 (error 7)`],
    [
      'NUL in a SUPER is refused in the open, because Postgres could not keep it',
      'j',
      '"j":{"a":"x\\u0000"}',
      '1224 A string in a SUPER holds NUL: Redshift would keep it, the local Postgres cannot. Strip it before the stream',
    ],
  ])('%s', async (_sentence, column, member, expected) => {
    const value = await loaded(column, member);

    expect(value).toBe(expected);
  });

  test.each([
    ['TRUE', 'true'],
    ['t', 'true'],
    ['true', 'true'],
    ['y', 'true'],
    ['yes', 'true'],
    ['1', 'true'],
    ['FALSE', 'false'],
    ['f', 'false'],
    ['false', 'false'],
    ['n', 'false'],
    ['no', 'false'],
    ['0', 'false'],
    ['on', '1210 Unknown boolean format'],
    ['True', '1210 Unknown boolean format'],
    ['toString', '1210 Unknown boolean format'],
  ])('the boolean "%s" is %s', async (spelling, expected) => {
    const value = await loaded('b', `"b":"${spelling}"`);

    expect(value).toBe(expected);
  });

  test('a JSON boolean loads', async () => {
    const values = [await loaded('b', '"b":true'), await loaded('b', '"b":false')];

    expect(values).toEqual(['true', 'false']);
  });

  test('ROUNDEC rounds a decimal', async () => {
    const value = await loaded('d', '"d":1.235', `${OPTIONS} ROUNDEC`);

    expect(value).toBe('1.24');
  });

  test('without TIMEFORMAT auto an ISO instant is refused and plain text loads', async () => {
    const options = "IAM_ROLE default JSON 'auto'";

    const values = [
      await loaded('at', '"at":"2026-11-23T18:30:00Z"', options),
      await loaded('at', '"at":"2026-11-23 18:30:00"', options),
    ];

    expect(values).toEqual([BAD_TIME, '2026-11-23 18:30:00']);
  });
});

describe('COPY and one file', () => {
  const good = '{"needed":"x"}';
  const count = async (query: Query): Promise<string | null | undefined> =>
    (await query('select count(*) from heimdallr.sample')).rows[0]?.count;
  const refusal = (file: string | Buffer, how: { options?: string; table?: string } = {}): Promise<string> =>
    load(file, count, how).then(
      (rows) => `loaded ${rows}`,
      (error: Error) => error.message,
    );
  const failed = (rest: string): string => `Load into table 'heimdallr.sample' failed: ${rest})`;

  test('white space between rows is all that is needed', async () => {
    const rows = await load(`${good}${good} ${good}\r\n\t${good}\n\n`, count);

    expect(rows).toBe('4');
  });

  test('the last of many rows fails them all, and the error names line, column and value', async () => {
    const file = `${`${good}\n`.repeat(2500)}{"needed":"far too long"}`;

    const message = await refusal(file);

    expect(message).toBe(
      failed(
        '1204 String length exceeds DDL length (s3://bucket/rows.json, line 2501, column needed, value starts "far too long"',
      ),
    );
  });

  test.each([
    ['a comma between rows', `${good},\n${good}`, `1216 Expected the start of a JSON object, found ","`, 1],
    ['a byte-order mark', `\ufeff${good}`, '1216 Expected the start of a JSON object, found "\ufeff"', 1],
    ['garbage after the rows', `${good}\nend`, '1216 Expected the start of a JSON object, found "e"', 2],
    ['a row that has no end', `${good}\n{"needed":"x"`, "1216 Expected ',', found the end of the file", 2],
    ['an array around the rows', `[${good}]`, '1216 Expected the start of a JSON object, found "["', 1],
  ])('%s is refused', async (_what, file, error, line) => {
    const message = await refusal(file);

    expect(message).toBe(failed(`${error} (s3://bucket/rows.json, line ${line}`));
  });

  test('bytes that are no UTF-8 are refused with their line', async () => {
    const file = Buffer.concat([Buffer.from(`${good}\n{"needed":"`), Buffer.from([0xa4]), Buffer.from('"}')]);

    const message = await refusal(file);

    expect(message).toBe(
      failed('1220 String contains invalid or unsupported UTF8 codepoints (s3://bucket/rows.json, line 2'),
    );
  });

  test('a row above 4 MB is refused, and a pipe counts twice', async () => {
    const rowOf = (character: string): string => `{"needed":"x","other":"${character.repeat(2_200_000)}"}`;

    const messages = [await refusal(rowOf('x')), await refusal(rowOf('|'))];

    expect(messages).toEqual([
      'loaded 1',
      failed('1216 A JSON object is 4400025 bytes long, COPY takes 4194304 (s3://bucket/rows.json, line 1'),
    ]);
  });

  test('compression and GZIP must agree', async () => {
    const zipped = gzipSync(good);

    const answers = [
      await refusal(zipped, { options: `${OPTIONS} GZIP` }),
      await refusal(zipped),
      await refusal(good, { options: `${OPTIONS} GZIP` }),
    ];

    expect(answers).toEqual([
      'loaded 1',
      failed('1216 the file is compressed, but COPY was not given GZIP (s3://bucket/rows.json, line 1'),
      failed('1216 the file is not compressed, but COPY was given GZIP (s3://bucket/rows.json, line 1'),
    ]);
  });

  test.each([
    ['time', 'time without time zone'],
    ['char(3)', 'character(3)'],
    ['varchar', 'character varying'],
  ])('a column of type %s is refused before a row is read', async (type, printed) => {
    await database.query(`create table heimdallr.odd ("c" ${type})`);

    const answer = await refusal('{"c":"x"}', { table: 'heimdallr.odd' });

    await database.query('drop table heimdallr.odd');
    expect(answer).toBe(`column c has type ${printed}, which is not used by this project`);
  });

  test('an IDENTITY column cannot be loaded', async () => {
    await database.query('create table heimdallr.odd ("id" bigint generated always as identity)');

    const answer = await refusal('{"id":1}', { table: 'heimdallr.odd' });

    await database.query('drop table heimdallr.odd');
    expect(answer).toBe('1217 column "id" is an IDENTITY column: leave it out of the columns of the COPY');
  });

  test('ten thousand rows of a manifest load in order into the columns of the list', async () => {
    const files: Readonly<Record<string, string>> = {
      's3://b/manifest':
        '{"entries":[{"url":"s3://b/1","mandatory":true},{"url":"s3://b/2","mandatory":true}]}',
      's3://b/1': Array.from({ length: 6000 }, (_, n) => `{"needed":"a","n":${n},"s":"x"}`).join('\n'),
      's3://b/2': Array.from({ length: 4000 }, (_, n) => `{"needed":"b","n":${n},"s":"x"}`).join('\n'),
    };
    const statement = parseCopy(
      `copy heimdallr.sample (needed, n) from 's3://b/manifest' manifest ${OPTIONS}`,
    );

    const found = await database.transaction(async (query) => {
      const rows = await copy(statement, query, async (url) => Buffer.from(files[url] ?? ''));
      const { values } = await query(
        'select needed, count(*), sum(n), count(s), count(preset) from heimdallr.sample group by needed order by needed',
      );
      await query('delete from heimdallr.sample');
      return { rows, values };
    });

    expect(found).toEqual({
      rows: 10_000,
      values: [
        ['a', '6000', '17997000', '0', '6000'],
        ['b', '4000', '7998000', '0', '4000'],
      ],
    });
  });

  test('a manifest must give full paths', async () => {
    const statement = parseCopy(`copy heimdallr.sample from 's3://b/manifest' manifest ${OPTIONS}`);

    const loading = database.transaction((query) =>
      copy(statement, query, async () => Buffer.from('{"entries":[{"url":"s3://b"}]}')),
    );

    await expect(loading).rejects.toThrow(
      '8001 COPY with MANIFEST parameter requires full path of an S3 object',
    );
  });

  test('a table or column that is not there is said', async () => {
    const answers = [
      await refusal(good, { table: 'heimdallr.nothing' }),
      await refusal(good, { table: 'heimdallr.sample (nothing)' }),
    ];

    expect(answers).toEqual([
      'relation "heimdallr.nothing" does not exist',
      'column "nothing" of relation "heimdallr.sample" does not exist',
    ]);
  });
});

describe('the text of a COPY', () => {
  test('the options of this project are read', () => {
    const statement = parseCopy(
      `COPY heimdallr."landing" (a, "b") FROM 's3://b/k''ey' IAM_ROLE 'arn' MANIFEST JSON AS 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF ROUNDEC;`,
    );

    expect(statement).toEqual({
      table: 'heimdallr."landing"',
      columns: ['a', 'b'],
      source: "s3://b/k'ey",
      isManifest: true,
      gzip: true,
      timeAuto: true,
      roundec: true,
    });
  });

  test.each([
    ['TRUNCATECOLUMNS', 'COPY: option TRUNCATECOLUMNS is not used by this project'],
    ['ACCEPTANYDATE', 'COPY: option ACCEPTANYDATE is not used by this project'],
    ['ACCEPTINVCHARS', 'COPY: option ACCEPTINVCHARS is not used by this project'],
    ['EMPTYASNULL', 'COPY: option EMPTYASNULL is not used by this project'],
    ['BLANKSASNULL', 'COPY: option BLANKSASNULL is not used by this project'],
    ['MAXERROR 10', 'COPY: option MAXERROR is not used by this project'],
    ['IGNOREALLERRORS', 'COPY: option IGNOREALLERRORS is not used by this project'],
    ['EXPLICIT_IDS', 'COPY: option EXPLICIT_IDS is not used by this project'],
    ['COMPUPDATE ON', 'COPY: COMPUPDATE other than OFF is not used by this project'],
    ["TIMEFORMAT 'AUTO'", "COPY: TIMEFORMAT 'AUTO' is not used by this project"],
    ["TIMEFORMAT 'epochsecs'", "COPY: TIMEFORMAT 'epochsecs' is not used by this project"],
    ["JSON 'auto'", 'COPY: option JSON is given twice'],
  ])('the option %s is refused', (option, message) => {
    const parsing = (): unknown => parseCopy(`copy t from 's3://b/k' iam_role default json 'auto' ${option}`);

    expect(parsing).toThrow(message);
  });

  test("JSON 'auto' and a role are required, and jsonpaths are not used", () => {
    const without = (options: string) => (): unknown => parseCopy(`copy t from 's3://b/k' ${options}`);

    expect(without('iam_role default')).toThrow("COPY: JSON 'auto' is missing");
    expect(without("json 'auto'")).toThrow('COPY: IAM_ROLE is missing');
    expect(without("iam_role default json 's3://b/paths'")).toThrow("COPY: JSON 's3://b/paths' is not used");
  });
});
