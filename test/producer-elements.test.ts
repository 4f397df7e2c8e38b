/** The splitter: elements of an array out of a document that arrives in pieces. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ElementLimits, type Piece, splitElements } from '../producers/elements.ts';

/** Cuts a document at these positions, in bytes. */
async function* cut(document: string, borders: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(document);
  const sorted = [0, ...borders.map((border) => border % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  for (const [index, start] of sorted.entries())
    yield bytes.subarray(start, sorted[index + 1] ?? bytes.length);
}

async function pieces(
  document: string,
  {
    array = 'rows',
    borders = [],
    limits,
  }: { array?: string; borders?: readonly number[]; limits?: ElementLimits } = {},
): Promise<readonly Piece[]> {
  return Array.fromAsync(splitElements(cut(document, borders), array, limits));
}

const elementsOf = (found: readonly Piece[]): readonly string[] =>
  found.flatMap((piece) => ('element' in piece ? [piece.element] : []));

/** The document without its elements, which is always the last piece. */
function restOf(found: readonly Piece[]): string {
  const last = found.at(-1);
  return last !== undefined && 'rest' in last ? last.rest : '';
}

test('whatever the elements and wherever the chunks end, they are what JSON.parse sees', async () => {
  const layouts = [
    (rows: string) => `{"rows":${rows}}`,
    (rows: string) => `  {"err" : 0, "result":{"note":"\\"rows\\":[1]","rows" : ${rows}}, "rows":[9]}\n`,
    (rows: string) => `{"rows":null,"deep":[[{"rows":${rows}}]]}`,
  ];
  const nasty = fc.string({ unit: fc.constantFrom('\\', '"', '[', '}', ',', 'é', '😀', '\n') });
  const anything = fc.array(fc.oneof(fc.jsonValue({ maxDepth: 4 }), nasty, fc.dictionary(nasty, nasty)));
  const borders = fc.array(fc.nat(2000), { maxLength: 40 });

  await fc.assert(
    fc.asyncProperty(
      anything,
      borders,
      fc.nat(2),
      fc.constantFrom(0, 1, '\t'),
      async (rows, at, layout, indent) => {
        const document = layouts[layout]?.(JSON.stringify(rows, null, indent)) ?? '';

        const found = await pieces(document, { borders: at });

        expect(elementsOf(found).map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(rows)));
        expect(JSON.parse(restOf(found))).toEqual(JSON.parse(layouts[layout]?.('[]') ?? ''));
      },
    ),
    { numRuns: 500 },
  );
});

test('each byte may be a chunk of its own', async () => {
  const document = '{"rows":["h\\"ä€😀]",{"a":"}\\\\"},-1.5e3,null]}';
  const everywhere = Array.from({ length: Buffer.byteLength(document) }, (_, index) => index);

  const found = await pieces(document, { borders: everywhere });

  expect(found).toEqual([
    { element: '"h\\"ä€😀]"' },
    { element: '{"a":"}\\\\"}' },
    { element: '-1.5e3' },
    { element: 'null' },
    { rest: '{"rows":[]}', isFound: true },
  ]);
});

test('a number keeps the digits that the vendor wrote', async () => {
  const found = await pieces('{"rows":[{"id":18345678901234567890123}]}');

  expect(elementsOf(found)).toEqual(['{"id":18345678901234567890123}']);
});

test('a key written in escapes is the same key', async () => {
  const found = await pieces('{"\\u0072ow\\u0073":[1]}');

  expect(elementsOf(found)).toEqual(['1']);
});

test('a string that reads like the key is no key', async () => {
  const found = await pieces('{"a":"rows","b":["rows",[1]],"rowsandmorethanthat":[2]}');

  expect(found).toEqual([
    { rest: '{"a":"rows","b":["rows",[1]],"rowsandmorethanthat":[2]}', isFound: false },
  ]);
});

test.each(['[{"rows":1},[5]]', '[{"rows":"x"},[5]]', '[{"rows":{}},[5]]'])(
  'an array that merely follows a value of the name is not it: %s',
  async (document) => {
    const found = await pieces(document);

    expect(found).toEqual([{ rest: document, isFound: false }]);
  },
);

test('an array that is not there leaves the whole document', async () => {
  const found = await pieces('{"err":1,"message":"no"}');

  expect(found).toEqual([{ rest: '{"err":1,"message":"no"}', isFound: false }]);
});

test.each(['{"rows":[', '{"rows":[1', '{"rows":[{"a":1}', '{"rows":[{"a":"]}', '{"rows":[1,'])(
  'a document that ends within the array is broken: %s',
  async (document) => {
    await expect(pieces(document)).rejects.toThrow(
      new SyntaxError('the document ends within the array "rows"'),
    );
  },
);

test.each(['{"rows":[,1]}', '{"rows":[1,]}', '{"rows":[1,,2]}', '{"rows":[{} {}]}'])(
  'misplaced commas are broken JSON: %s',
  async (document) => {
    await expect(pieces(document)).rejects.toThrow(SyntaxError);
  },
);

test('an element that is too large is passed over with its size and hash, and the others arrive', async () => {
  const large = JSON.stringify({ id: 7, text: 'x'.repeat(3000) });

  const found = await pieces(`{"rows":[1,${large},2]}`, {
    borders: [500, 1000, 1500, 2000],
    limits: { element: 1000, rest: 1000 },
  });

  expect(found).toEqual([
    { element: '1' },
    {
      unread: {
        bytes: large.length,
        sha256: createHash('sha256').update(large).digest('hex'),
        beginning: large.slice(0, 256),
        reason: 'is larger than 1000 bytes',
      },
    },
    { element: '2' },
    { rest: '{"rows":[]}', isFound: true },
  ]);
});

test('a document that is large without the array is given up', async () => {
  const document = `{"other":"${'x'.repeat(2000)}","rows":[1]}`;

  const reading = pieces(document, { borders: [500, 1000, 1500], limits: { element: 1000, rest: 1000 } });

  await expect(reading).rejects.toThrow(
    new RangeError('more than 1000 bytes stand outside of the array "rows"'),
  );
});
