/** The report as a table and as a digest, and the command line that asks for them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serveWire, type WireServer } from '../local/warehouse/wire.ts';
import { UsageError } from '../operate/command-line.ts';
import { readOptions } from '../operate/report/options.ts';
import { csv } from '../report/csv.ts';
import { digest } from '../report/digest.ts';
import { fix, impact, insert, item, prepare, read, run } from './report-world.ts';
import { temporaryFolder } from './stack-fixtures.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const root = join(import.meta.dirname, '..');
let world: World;
let wire: WireServer;
beforeAll(async () => {
  world = await openWarehouse();
  await prepare(world);
  if (world.database.embedded === null) throw new Error('expected an embedded warehouse');
  wire = await serveWire(world.database.embedded);
});
afterAll(async () => {
  await wire.close();
  await world.database.close();
});
beforeEach(() => world.empty());

/** Cells of CSV, as RFC 4180 has them. */
function cells(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'),
  );
}

describe('CSV', () => {
  test('a title keeps its quotes, commas and lines', async () => {
    await insert(world, 'rollbar_item', [item(112, 'say "no",\nor not')]);
    await insert(world, 'impact_item', [impact(112, 1, 12.5)]);

    const table = csv(await read(world));

    expect(table.startsWith('rank,project_id,item_id,counter,title,')).toBe(true);
    expect(table).toContain(
      '\r\n1,7,112,12,"say ""no"",\nor not",error,active,production,confirmed,,12.5,6.25,18.75,',
    );
    expect(table.endsWith('\r\n')).toBe(true);
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '=HYPERLINK("https://evil.example","a, b")'])(
    'a spreadsheet does not compute %j',
    async (title) => {
      await insert(world, 'rollbar_item', [item(112, title)]);
      await insert(world, 'impact_item', [impact(112, 1, 12.5)]);

      const [, line = ''] = csv(await read(world)).split('\r\n');

      expect(cells(line)[4]).toBe(`'${title}`);
    },
  );

  test('a negative number is a number', async () => {
    await insert(world, 'impact_item', [impact(112, 1, -2)]);

    expect(csv(await read(world))).toContain(',-2,-1,-3,');
  });
});

describe('the digest', () => {
  test('says what to fix first, what next, and what the last fixes brought', async () => {
    await insert(world, 'impact_run', [run({ warnings: ['few people are known'] })]);
    await insert(world, 'rollbar_item', [
      item(111, 'Repaired already', { status: 'resolved' }),
      item(112, 'Checkout does not answer'),
      item(113, 'Cart\nis empty'),
      item(114, 'Not sure'),
    ]);
    await insert(world, 'impact_item', [
      impact(111, 1, 30),
      impact(112, 2, 12.5),
      impact(113, 3, 4),
      impact(114, 4, 3, { tier: 'unclear' }),
    ]);
    await insert(world, 'fix_check', [fix(111, 'fixed'), fix(113, 'too_early')]);

    expect(
      digest(await read(world)).text,
    ).toBe(`Fix first: Checkout does not answer. It costs 13 users a week (6.3 to 19; confirmed). Of those who met it 41 % came back within 7 days; 55 % were to be expected.
3. Cart is empty: 4.0 users a week (2.0 to 6.0, confirmed)
What the last fixes brought:
- Repaired already: fixed, met 94 % less often, about 9.4 users a week are not lost any more
Data through 2026-11-19, horizon 7 days; one warning weakens the numbers, the report has it.
`);
  });

  test('a title calls nobody and links nowhere in Slack', async () => {
    await insert(world, 'rollbar_item', [
      item(112, '<!channel> <https://evil.example|here> @here *now* `x`'),
    ]);
    await insert(world, 'impact_item', [impact(112, 1, 12.5)]);

    const { mrkdwn } = digest(await read(world));

    expect(mrkdwn).toContain('*Fix first:* &lt;!channel&gt; ');
    expect(mrkdwn).not.toMatch(/<|@here|\*now\*|`x`/);
  });

  test('a warehouse without a ranking is no reason to fix anything', async () => {
    expect(digest(await read(world)).text).toBe(
      'The ranking has not run yet.\nFix first: nothing has been ranked.\n',
    );
  });
});

describe('the command line', () => {
  test('without arguments a page of the account’s pipeline is written', () => {
    expect(readOptions([])).toEqual({
      ...{ place: { stack: 'Heimdallr', region: null }, warehouse: null },
      ...{ out: 'heimdallr-report.html', form: 'page' },
    });
  });

  test.each<[string, string[]]>([
    ['--csv and --json are different reports: give one of them', ['--csv', '--json']],
    ['--warehouse takes an address such as postgres://', ['--warehouse', 'mysql://x']],
    [
      '--warehouse is a database; --data, --stack and --region are a pipeline',
      ['--warehouse', 'postgres://h/d', '--data', 'x'],
    ],
    ['--out takes a file, got nothing', ['--out', '']],
    ["Unknown option '--pdf'. Try npm run report -- --help", ['--pdf']],
  ])('%s', (message, args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });

  /** Runs the program to its end; the warehouse answers meanwhile in its own thread. */
  const ran = async (...args: string[]) => {
    const { spawn } = await import('node:child_process');
    return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [join(root, 'operate/report/main.ts'), ...args]);
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code) => resolve({ code, out, err }));
    });
  };

  test('a page is written from a database, and where it is', async () => {
    const file = join(temporaryFolder(), 'report.html');
    await insert(world, 'rollbar_item', [item(112, 'Checkout does not answer')]);
    await insert(world, 'impact_item', [impact(112, 1, 12.5)]);

    const { code, out, err } = await ran('--warehouse', wire.url, '--out', file);

    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`report     file://${file}\n`);
    expect(readFileSync(file, 'utf8')).toContain('Checkout does not answer');
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  test('all of it is JSON for scripts', async () => {
    await insert(world, 'impact_item', [impact(112, 1, 12.5)]);

    const { code, out } = await ran('--warehouse', wire.url, '--json');

    expect(code).toBe(0);
    expect(JSON.parse(out).items).toMatchObject([{ rank: 1, item_id: '112', users_lost_per_week: 12.5 }]);
  });

  test('a database that is not there, and a file that cannot be, are said in a line', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(root, 'operate/report/main.ts'), ...args], { encoding: 'utf8' });

    const gone = run('--warehouse', 'postgres://user:a-password@127.0.0.1:1/x');

    expect(gone.status).toBe(1);
    expect(gone.stderr).toMatch(
      /^the warehouse at 127\.0\.0\.1:1 cannot be reached \(.*\); look at the address behind --warehouse\n$/,
    );
    expect(gone.stderr).not.toContain('a-password');
    expect(run('--data', '/nowhere').stderr).toMatch(/^no pipeline runs on \/nowhere /);
    expect(run('--pdf').status).toBe(2);
  });
});
