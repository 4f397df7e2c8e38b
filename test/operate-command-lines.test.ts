/** What a person types at redrive and backfill, and what they are told. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOCAL_STACK_FILE } from '../contract/local-stack.ts';
import { attach } from '../operate/attach.ts';
import { usage as backfillUsage, readOptions as readBackfill } from '../operate/backfill/options.ts';
import { UsageError } from '../operate/command-line.ts';
import { explain } from '../operate/explain.ts';
import { feedIn } from '../operate/feeds.ts';
import { createScreen, spoken } from '../operate/program.ts';
import { readOptions as readRedrive, usage as redriveUsage } from '../operate/redrive/options.ts';
import { usage as tokenUsage } from '../operate/token/options.ts';
import { temporaryFolder } from './stack-fixtures.ts';

const root = join(import.meta.dirname, '..');
const now = new Date('2026-11-23T18:30:00Z');
const redrive = (...args: string[]) => readRedrive(args, now);
const backfill = (...args: string[]) => readBackfill(args, now);

describe('redrive', () => {
  test('without arguments everything is chosen, in the account', () => {
    expect(redrive()).toEqual({
      place: { stack: 'Heimdallr', region: null },
      choice: { since: null, until: null, type: null, reason: null },
      ...{ isDryRun: false, isAgain: false, json: false },
    });
  });

  test('every flag is read', () => {
    const filters = ['--since', '24h', '--until', '2026-11-23T12:00Z', '--type', 'rollbar_item'];

    const options = redrive(
      ...filters,
      '--reason',
      'is not JSON',
      '--dry-run',
      '--again',
      '--json',
      '--data',
      'state',
    );

    expect(options).toEqual({
      place: { dataDir: 'state' },
      choice: {
        since: new Date('2026-11-22T18:30:00Z'),
        until: new Date('2026-11-23T12:00:00Z'),
        type: 'rollbar_item',
        reason: 'is not JSON',
      },
      ...{ isDryRun: true, isAgain: true, json: true },
    });
  });

  test.each<[string, string[]]>([
    ["Unknown option '--typ'. Try npm run redrive -- --help", ['--typ', 'x']],
    ["Unexpected argument 'all'", ['all']],
    ['--since takes 90m, 24h, 7d', ['--since', 'yesterday']],
    ['not in the future, got "2026-12-01"', ['--until', '2026-12-01']],
    ['not in the future, got "2026-11-23T18:31Z"', ['--since', '2026-11-23T18:31Z']],
    ['got "2026-11-31T10:00Z"', ['--since', '2026-11-31T10:00Z']],
    ['--since must be before --until, got 1h and 2h', ['--since', '1h', '--until', '2h']],
    ['--type takes a record type such as rollbar_item, got "Item"', ['--type', 'Item']],
    ['--reason takes a part of a reason', ['--reason', ' ']],
    ['--type is given twice', ['--type', 'a', '--type', 'b']],
    ["Option '--since' takes a value that does not look like a flag. Try", ['--since', '-5']],
    ['--data takes a directory', ['--data', '']],
    ['give one', ['--data', 'x', '--stack', 'Heimdallr']],
    ['give one', ['--data', 'x', '--region', 'eu-central-1']],
    ['--region takes a region such as eu-central-1, got "Frankfurt"', ['--region', 'Frankfurt']],
    ['--stack takes the name of a CloudFormation stack, got "my stack"', ['--stack', 'my stack']],
  ])('%s', (message, args) => {
    expect(() => redrive(...args)).toThrow(UsageError);
    expect(() => redrive(...args)).toThrow(message);
  });
});

describe('backfill', () => {
  test('every flag is read, and since is kept as it was written: it names the walk', () => {
    const options = backfill(
      '--feed',
      'rollbar:web',
      '--since',
      '90d',
      '--again',
      '--json',
      '--stack',
      'Other',
    );

    expect(options).toEqual({
      ...{ feed: 'rollbar:web', since: '90d', isAgain: true, json: true },
      place: { stack: 'Other', region: null },
    });
  });

  test.each<[string, string[]]>([
    ['--feed takes PRODUCER:NAME, as in rollbar:web, got ""', ['--since', '1d']],
    ['--feed takes PRODUCER:NAME, as in rollbar:web, got "rollbar"', ['--feed', 'rollbar', '--since', '1d']],
    ['--since says how far back to go', ['--feed', 'rollbar:web']],
    ['--since must be like 90m, 24h, 7d or 2026-01-01', ['--feed', 'rollbar:web', '--since', '2027-01-01']],
    ["Unknown option '--form'. Try npm run backfill -- --help", ['--form', 'x']],
  ])('%s', (message, args) => {
    expect(() => backfill(...args)).toThrow(UsageError);
    expect(() => backfill(...args)).toThrow(message);
  });

  test('a feed is found by its polling, not by its reconciliation', () => {
    const start = (functionArn: string, input: object) => ({ functionArn, input: JSON.stringify(input) });
    const starts = [
      start('counts', { feed: 'shop:web', task: 'reconcile' }),
      start('polls', { feed: 'shop:web', since: '24h' }),
      start('polls', { feed: 'shop:api' }),
      start('loads', {}),
    ];

    expect(feedIn(starts, 'shop:web')).toEqual({
      functionArn: 'polls',
      event: { feed: 'shop:web', since: '24h' },
    });
    expect(() => feedIn(starts, 'shop:app')).toThrow(
      'no feed shop:app in this pipeline, only shop:api, shop:web',
    );
    expect(() => feedIn([], 'shop:app')).toThrow(UsageError);
  });
});

describe.each([
  ['redrive', redriveUsage],
  ['backfill', backfillUsage],
  ['token', tokenUsage],
])('the program %s', (name, usage) => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'operate', name, 'main.ts'), ...args], { encoding: 'utf8' });

  test('says with --help what it does', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: `${usage}\n`, stderr: '' });
    expect(Math.max(...usage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(125);
  });

  test('ends with 2 and one line on stderr for a command line that cannot be followed', () => {
    const { status, stdout, stderr } = run('--nope');

    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(`Unknown option '--nope'. Try npm run ${name} -- --help\n`);
  });

  test('ends with 1 and one line on stderr when no pipeline runs', () => {
    const folder = temporaryFolder();

    const { status, stdout, stderr } = run(
      '--data',
      folder,
      ...(name === 'backfill' ? FEED : name === 'token' ? ['--feed', 'rollbar:web'] : []),
    );

    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^no pipeline runs on .* start it with npm start -- --data .*\n$/);
  });
});

const FEED = ['--feed', 'shop:web', '--since', '1d'];

test('every command in docs/operating.md is understood', () => {
  const text = readFileSync(join(root, 'docs', 'operating.md'), 'utf8');
  const commands = [...text.matchAll(/npm run (redrive|backfill) -- ([^\n`]+)/g)];

  expect(new Set(commands.map(([, name]) => name))).toEqual(new Set(['redrive', 'backfill']));
  for (const [, name, args = ''] of commands) {
    const read = name === 'redrive' ? readRedrive : readBackfill;
    expect(() => read(args.trim().split(/\s+/), new Date('2027-01-01T00:00:00Z'))).not.toThrow();
  }
});

test('the first Ctrl-C lets a program end what is in hand, and its exit code says that it was stopped', async () => {
  const file = join(temporaryFolder(), 'program.ts');
  const program = JSON.stringify(join(root, 'operate', 'program.ts'));
  writeFileSync(
    file,
    `import { runProgram } from ${program};
    await runProgram(async ({ screen, stopped, pause }) => {
      screen.print('ready');
      await pause(600_000);
      screen.print(stopped.aborted ? 'ended well' : 'slept');
      return 130;
    }, () => new Date(0));`,
  );
  const child = spawn(process.execPath, [file]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (output === 'ready\n') child.kill('SIGINT');
  });

  const [code] = await once(child, 'close');

  expect(code).toBe(130);
  expect(output).toBe('ready\nstopping   after what is in hand; once more to stop at once\nended well\n');
});

describe('attaching to a directory', () => {
  const left = (text: string): string => {
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, LOCAL_STACK_FILE), text);
    return folder;
  };
  const stack = { endpoint: 'http://127.0.0.1:4566', region: 'us-east-1', stack: 'Demo' };

  test('finds the process that runs there', () => {
    const running = { ...stack, pid: process.pid };

    expect(attach(left(JSON.stringify(running)))).toEqual(running);
  });

  test('tells a file that was left behind', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);

    expect(() => attach(left(JSON.stringify({ ...stack, pid })))).toThrow(
      `process ${pid}, which served http://127.0.0.1:4566, is gone and could not say so; start it with npm start -- --data `,
    );
  });

  test.each(['', '[]', '{"pid":1}', '{"endpoint":"x","region":"","stack":"","pid":1}'])(
    'tells that %j is not its file',
    (text) => {
      expect(() => attach(left(text))).toThrow('is not what npm start writes; remove it');
    },
  );
});

describe('an error of AWS is told with what to do', () => {
  const named = (name: string, message: string, more: object = {}) =>
    Object.assign(new Error(message), { name, ...more });
  const account = { stack: 'Demo', whenGone: null };

  test.each<[string, Error]>([
    ['log in, name a profile', named('CredentialsProviderError', 'Could not load')],
    ['log in, name a profile', named('ExpiredTokenException', 'The security token\nis expired')],
    ['give --region', named('Error', 'Region is missing')],
    ['there is no stack Demo', named('ValidationError', 'Stack with id Demo does not exist')],
    ['docs/operating.md', named('AccessDenied', 'not authorized to perform: s3:ListBucket')],
    ['AWS cannot be reached', named('Error', 'getaddrinfo ENOTFOUND x', { code: 'ENOTFOUND' })],
  ])('%s', (words, error) => {
    expect(explain(error, account)).toContain(words);
    expect(explain(error, account)).not.toContain('\n');
  });

  test('and when nothing answers on this machine, the pipeline has ended', () => {
    const refused = named('Error', '', { code: 'ECONNREFUSED' });

    expect(explain(refused, { stack: 'Demo', whenGone: 'it has ended' })).toBe('it has ended');
  });

  test('any other keeps its own words', () => {
    expect(explain(named('InternalFailure', 'oh'), account)).toBeNull();
  });
});

describe('the line that changes', () => {
  const written = (isTTY: boolean) => {
    let time = 0;
    let text = '';
    const out = { isTTY, columns: 20, write: (more: string) => (text += more) };
    const screen = createScreen(out as unknown as NodeJS.WriteStream, () => new Date(time));
    screen.show('one of three objects are done');
    time += 9_999;
    screen.show('two');
    time += 1;
    screen.show('three');
    screen.print('done');
    return text;
  };

  test('is drawn in place on a terminal, and never wraps', () => {
    const clear = '\r\u001B[2K';

    expect(written(true)).toBe(`one of three object${clear}two${clear}three${clear}done\n`);
  });

  test('is printed now and then elsewhere', () => {
    expect(written(false)).toBe('one of three objects are done\nthree\ndone\n');
  });
});

test.each<[number, string]>([
  [400, '0 s'],
  [89_000, '89 s'],
  [11 * 60_000, '11 min'],
  [3.5 * 3_600_000, '3 h 30 min'],
  [(2 * 24 + 5) * 3_600_000, '2 d 5 h'],
])('%i ms are spoken as %s', (milliseconds, words) => {
  expect(spoken(milliseconds)).toBe(words);
});
