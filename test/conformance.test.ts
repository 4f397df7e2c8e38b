/**
 * What every producer must do, whatever its vendor. A producer adds scenarios to its folder, and no line here.
 *
 * Each scenario is played with the real runtime, over HTTP on loopback, and then again with everything that can go
 * wrong between a vendor and the stream.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { producers } from '../.generated/producers.ts';
import { validators } from '../.generated/validators.js';
import { damaged } from '../contract/damages.ts';
import { narrowings, producerTables } from '../contract/dictionary.ts';
import type { Envelope } from '../contract/envelope.ts';
import { validatorName } from '../contract/json-schema.ts';
import type { PollErrorKind, Producer } from '../contract/producer.ts';
import { Rehearsal, TOKEN, type Trouble } from './conformance/rehearsal.ts';
import { bodyOf, type Scenario, scenariosOf } from './conformance/scenario.ts';

const folderOf = ({ name }: Producer): string => join(import.meta.dirname, '..', 'producers', name);

/** Bytes of a cursor: it is read and written with every page. */
const MAX_CURSOR_BYTES = 4096;

async function rehearse(producer: Producer, scenario: Scenario): Promise<Rehearsal> {
  const rehearsal = await Rehearsal.begin(producer, scenario);
  onTestFinished(() => rehearsal.end());
  return rehearsal;
}

const isAccepted = (envelope: unknown, { record_type, record_version }: Envelope): boolean =>
  validators[validatorName(record_type, record_version)]?.(envelope) === true;

/** One line for every fact: what changed is then what a review shows. */
function asGolden(tables: Rehearsal['tables']): string {
  const lines = Object.entries(tables).map(
    ([key, body]) => `${JSON.stringify(key)}: ${JSON.stringify(body)}`,
  );
  return `{\n${lines.sort().join(',\n')}\n}\n`;
}

const reply =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Trouble =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  };

const half = (response: ServerResponse, body: string): void => {
  const text = body === '' ? '{"broken": [1, 2' : body.slice(0, Math.max(1, Math.floor(body.length / 2)));
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
};

const HTML = '<html><body><h1>We will be back soon</h1></body></html>';

/** What a vendor does, and what the run must call it. */
const troubles: readonly (readonly [what: string, trouble: Trouble, kind: PollErrorKind])[] = [
  ['401', reply(401, JSON.stringify({ message: `bad token ${TOKEN}` })), 'unauthorized'],
  ['403', reply(403, JSON.stringify({ message: `token ${TOKEN} lacks a scope` })), 'unauthorized'],
  ['404', reply(404, JSON.stringify({ message: 'Not found' })), 'not_found'],
  ['429', reply(429, JSON.stringify({ message: 'slow down' }), { 'Retry-After': '300' }), 'rate_limited'],
  ['500', reply(500, JSON.stringify({ message: 'oops' })), 'unavailable'],
  ['503 with a page', reply(503, HTML), 'unavailable'],
  ['200 with a page', reply(200, HTML), 'unavailable'],
  ['half a body', half, 'unavailable'],
];

describe.each(producers.map((producer) => [producer.name, producer] as const))('%s', (_name, producer) => {
  const scenarios = scenariosOf(folderOf(producer));

  test('has at least one scenario', () => {
    expect(scenarios.map(({ name }) => name)).not.toEqual([]);
  });

  test('its scenarios show every record type', async () => {
    const shown = new Set<string>();
    for (const scenario of scenarios) {
      const rehearsal = await rehearse(producer, scenario);
      await rehearsal.runAll();
      for (const { record_type } of rehearsal.facts) shown.add(record_type);
    }

    expect([...shown].sort()).toEqual(producer.records.map(({ name }) => name).sort());
  });

  describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
    test('leaves the records under review', async () => {
      const rehearsal = await rehearse(producer, scenario);

      const summaries = await rehearsal.runAll();

      expect(rehearsal.unanswered).toEqual([]);
      expect(summaries.map(({ outcome, error }) => error ?? outcome)).toEqual(
        summaries.map(() => 'caught_up'),
      );
      const golden = join(scenario.folder, 'scenarios', `${name}.golden.json`);
      await expect(asGolden(rehearsal.tables)).toMatchFileSnapshot(golden);
    });

    test('makes records that are accepted, and with any one thing damaged refused', async () => {
      const rehearsal = await rehearse(producer, scenario);

      await rehearsal.runAll();

      const first = new Map(rehearsal.facts.map((envelope) => [envelope.record_type, envelope]));
      const survivors = [...first].flatMap(([typeName, envelope]) => {
        const type = producer.records.find((each) => each.name === typeName);
        if (type === undefined) throw new Error(`${typeName} is not declared`);
        return damaged(type, envelope)
          .filter((damage) => isAccepted(damage.envelope, envelope))
          .map((damage) => `${typeName}: ${damage.name}`);
      });
      expect(rehearsal.facts.filter((envelope) => !isAccepted(envelope, envelope))).toEqual([]);
      expect(survivors).toEqual([]);
    });

    test('a replay from the cursor brings nothing new', async () => {
      const rehearsal = await rehearse(producer, scenario);
      await rehearsal.runAll();
      const before = { facts: rehearsal.facts.length, tables: rehearsal.tables };

      await rehearsal.run(scenario.polls.length - 1);
      const warm = rehearsal.facts.length;
      rehearsal.restart();
      await rehearsal.run(scenario.polls.length - 1);

      expect(warm).toBe(before.facts);
      expect(rehearsal.tables).toEqual(before.tables);
    });

    test('a crash after any page loses nothing', async () => {
      const whole = await rehearse(producer, scenario);
      const pages = (await whole.runAll()).reduce((sum, summary) => sum + summary.pages, 0);

      for (let crashed = 1; crashed <= pages; crashed += 1) {
        const rehearsal = await rehearse(producer, scenario);
        let saves = 0;
        const { feeds } = rehearsal.world;
        rehearsal.restart({
          feeds: {
            ...feeds,
            save: async (...given) => {
              saves += 1;
              if (saves === crashed) throw new Error('the function was killed before it saved the cursor');
              return feeds.save(...given);
            },
          },
        });
        for (let poll = 0; poll < scenario.polls.length; poll += 1) {
          const { outcome } = await rehearsal.run(poll).catch(() => {
            rehearsal.restart();
            return rehearsal.run(poll);
          });
          expect([outcome, rehearsal.unanswered]).toEqual(['caught_up', []]);
        }
        expect([crashed, rehearsal.tables]).toEqual([crashed, whole.tables]);
      }
    });

    test('what is open settles: one more run makes the requests of a quiet feed', async () => {
      const rehearsal = await rehearse(producer, scenario);
      await rehearsal.runAll();
      await rehearsal.run(scenario.polls.length - 1);
      rehearsal.requests.length = 0;

      await rehearsal.run(scenario.polls.length - 1);

      const paths = rehearsal.requests.map(({ path }) => path);
      expect([paths.length, paths]).toEqual([scenario.quiet_requests, paths]);
    });

    test('a cursor is below 4 KB', async () => {
      const rehearsal = await rehearse(producer, scenario);
      const sizes: number[] = [];

      for (let poll = 0; poll < scenario.polls.length; poll += 1) {
        await rehearsal.run(poll);
        sizes.push(Buffer.byteLength(rehearsal.cursor ?? ''));
      }

      expect(Math.max(...sizes)).toBeLessThan(MAX_CURSOR_BYTES);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
    });

    test.each(troubles)('%s leaves the cursor alone and says what to do', async (_what, trouble, kind) => {
      const rehearsal = await rehearse(producer, scenario);
      await rehearsal.run(0);
      const before = { cursor: rehearsal.cursor, facts: rehearsal.facts.length };
      rehearsal.trouble = trouble;

      const { outcome, error } = await rehearsal.run(0);

      expect([outcome, error?.kind]).toEqual(['failed', kind]);
      expect(error?.message).toMatch(/^GET \/\S*: .+; \S.{15,}$/);
      expect(rehearsal.cursor).toBe(before.cursor);
      expect(rehearsal.facts.length).toBe(before.facts);
      expect(`${JSON.stringify(error)}${rehearsal.words}`).not.toContain(TOKEN);
      expect(rehearsal.words).not.toContain('We will be back soon');
    });

    test('no secret of an answer is in a record or a word about it', async () => {
      const answers = scenario.polls.flatMap(({ answers: of }) =>
        of.map((one) => bodyOf(one, scenario.folder)),
      );
      const rehearsal = await rehearse(producer, scenario);

      await rehearsal.runAll();

      const kept = `${JSON.stringify(rehearsal.world.stream.envelopes())}${rehearsal.words}`;
      // One that stands in no answer would prove nothing.
      expect(scenario.secrets.filter((secret) => !answers.join('\n').includes(secret))).toEqual([]);
      expect([TOKEN, ...scenario.secrets].filter((secret) => kept.includes(secret))).toEqual([]);
    });
  });

  test('its columns are described in sentences', () => {
    const undescribed = producer.records.flatMap(({ name, description, columns }) => [
      ...(/^\S.*[.]$/.test(description) ? [] : [name]),
      ...Object.entries(columns)
        .filter(([, column]) => !/^\S.*[.…]$/.test(column.description))
        .map(([column]) => `${name}.${column}`),
    ]);

    expect(undescribed).toEqual([]);
  });

  test('its tables are those under review, and none became narrower: `npm run dictionary` writes them down', () => {
    const written = readFileSync(join(folderOf(producer), 'tables.md'), 'utf8');

    expect(narrowings(written, producer.records)).toEqual([]);
    expect(written).toBe(producerTables(producer));
  });

  test('its README says what is polled, with which credential, within which limits, and what can be lost', () => {
    const path = join(folderOf(producer), 'README.md');
    const readme = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const headings = [...readme.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    const settings = [...readme.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)]
      .map(([, setting = '', given = '']) => [setting, given.trim()] as const)
      .filter(([setting]) => !producer.records.some(({ name }) => name === setting))
      .filter(([setting]) => Object.hasOwn(producer.settings, setting));

    expect(headings).toEqual(
      expect.arrayContaining([
        ...['What is polled', 'Credential', 'Settings', 'Limits'],
        ...['What is redacted', 'What can be lost, and how it is found'],
      ]),
    );
    expect(
      producer.records.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}\``)),
    ).toEqual([]);
    expect(settings).toEqual(
      Object.entries(producer.settings).map(([setting, { default: given }]) => [
        setting,
        String(given ?? ''),
      ]),
    );
  });
});
