/** The page: what it shows, what it says when there is nothing to show, and that no title can do anything in it. */
import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { page } from '../report/page/page.ts';
import {
  fix,
  impact,
  insert,
  item,
  lineage,
  named,
  occurrences,
  poll,
  prepare,
  read,
  release,
  run,
  week,
} from './report-world.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await prepare(world);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

const written = async () => page(await read(world));
const parsed = async () => parseHTML(await written()).document;
const words = (element: { readonly textContent: string | null } | null): string =>
  (element?.textContent ?? '').replace(/\s+/g, ' ').trim();

describe('with a ranking', () => {
  beforeEach(async () => {
    await insert(world, 'impact_run', [run({ warnings: ['few people are known'] })]);
    await insert(world, 'rollbar_item', [
      item(111, 'Repaired already', { status: 'resolved' }),
      item(112, 'Checkout does not answer'),
      item(113, 'Cart is empty'),
      item(114, 'Crash at start'),
    ]);
    await insert(world, 'impact_item', [
      impact(111, 1, 30),
      impact(112, 2, 12.5),
      impact(112, 2, 3, { horizon: 28 }),
      impact(113, 3, 0, { symptom_of: 112, linked_item_id: 112, link_share: 0.7 }),
      impact(114, 4, null),
    ]);
  });

  test('what is open and sure comes first, with the reason', async () => {
    const document = await parsed();

    expect(words(document.querySelector('.first'))).toBe(
      'Fix this first Checkout does not answer It costs 13 users a week (6.3 to 19; confirmed). Of those who met it 41 % came back within 7 days; 55 % were to be expected.',
    );
    expect(document.querySelector('.first a')?.getAttribute('href')).toBe('#bug-7-112');
  });

  test('every link of the list leads to a section', async () => {
    const document = await parsed();

    const targets = [...document.querySelectorAll('a[href^="#"]')].map((link) => link.getAttribute('href'));

    expect(targets.length).toBeGreaterThan(4);
    expect(targets.filter((target) => document.querySelector(target ?? '') === null)).toEqual([]);
  });

  test('a symptom names its cause, in both sections, and its loss is not counted', async () => {
    const document = await parsed();

    expect(words(document.querySelector('#bug-7-113 .note'))).toBe(
      'A symptom: it ends with 2. Checkout does not answer. Its loss is counted there.',
    );
    expect(words(document.querySelector('#bug-7-112 .note'))).toBe('With it ends 3. Cart is empty.');
    expect(words(document.querySelectorAll('.cards tbody tr')[2]?.querySelector('.strong') ?? null)).toBe(
      'with its cause',
    );
  });

  test('what is not measured is listed with its reason', async () => {
    const document = await parsed();

    expect(words(document.querySelector('.sober ul'))).toMatch(/^1 bug, late report: .* Crash at start$/);
  });

  test('weeks, lineage, platforms, fixes, releases and delivery have their place', async () => {
    await insert(world, 'impact_week', [week(112, '2026-11-02', 30), week(112, '2026-11-09', 4)]);
    await insert(world, 'bug_lineage', [lineage(112, 'introduced', '2026-10-01T08:00:00')]);
    await insert(world, 'fix_check', [fix(111, 'fixed')]);
    await insert(world, 'rollbar_occurrence', [
      ...occurrences(112, 'browser', 12),
      ...occurrences(112, 'ios', 3),
    ]);
    await insert(world, 'impact_release', [release('shop:42', 9)]);
    await insert(world, 'release', [named('shop:42', 'v42')]);

    const document = await parsed();

    const section = document.querySelector('#bug-7-112');
    expect(
      [...(section?.querySelectorAll('svg') ?? [])].map((svg) => svg.getAttribute('aria-label')),
    ).toEqual([
      'People who met it anew, by week: 2 Nov 30, 9 Nov under 10',
      'Difference in return, by week: 2 Nov −12 points, 9 Nov −12 points',
    ]);
    expect(words(section?.querySelector('.steps') ?? null)).toBe(
      'Introduced 2026-10-01 08:00 UTC, release v42 commit c0ffee00c0ff, built by circleci_pipeline build-9the occurrence names the commit of v42 (95 % sure)',
    );
    expect(words(section?.querySelector('.list') ?? null)).toBe('browser12iosunder 10');
    expect(words(document.querySelector('#bug-7-111 .verdict'))).toBe('Fixed');
    expect(words(document.querySelector('#releases ~ .table .title'))).toMatch(/^v42/);
  });

  test('five hundred bugs are a page, the last of them in one line each', async () => {
    const many = Array.from({ length: 500 }, (_one, at) => impact(1000 + at, at + 1, 500 - at));
    await world.empty();
    await insert(world, 'impact_run', [run()]);
    await insert(world, 'impact_item', many);

    const document = await parsed();

    expect(document.querySelectorAll('.bug').length).toBe(50);
    expect(document.querySelectorAll('.quiet tbody tr').length).toBe(450);
  });
});

describe('without one', () => {
  test('an empty warehouse says how to fill it', async () => {
    expect(words((await parsed()).querySelector('.stop'))).toMatch(/^Nothing has arrived yet .* npm start /);
  });

  test('data that nothing has ranked yet says how to rank it', async () => {
    await insert(world, 'poll_page', [poll('rollbar:made-up')]);

    expect(words((await parsed()).querySelector('.stop'))).toMatch(
      /^The ranking has not run yet .* RankingCommand /,
    );
  });

  test('without an activity table it is said what to configure, and whom the bugs met', async () => {
    const refusal = 'no activity table is configured, so nobody can say who came back';
    await insert(world, 'impact_run', [run({ status: 'refused', refusal, users: 0 })]);
    await insert(world, 'rollbar_item', [item(112, 'Checkout does not answer')]);
    await insert(world, 'rollbar_occurrence', occurrences(112, 'browser', 12));

    const document = await parsed();

    expect(words(document.querySelector('.stop'))).toContain(refusal);
    expect(document.querySelector('.stop pre')?.textContent).toContain('activity: {');
    expect(words(document.querySelector('.cards tbody'))).toBe(
      '1Checkout does not answererror · active · production1212',
    );
    expect(words(document.querySelector('main'))).toContain('Not adjusted.');
  });

  test('a refusal of today keeps the answer of before, and says so', async () => {
    await insert(world, 'impact_run', [run({ status: 'refused', refusal: 'too few people are known' })]);
    await insert(world, 'impact_item', [impact(112, 1, 5)]);

    const document = await parsed();

    expect(words(document.querySelector('.stop'))).toBe(
      'The newest ranking was refused: what stands here is of an earlier one too few people are known',
    );
    expect(document.querySelectorAll('.bug').length).toBe(1);
  });

  test('a ranking of nothing says where to look', async () => {
    await insert(world, 'impact_run', [run({ items: 0 })]);

    expect(words((await parsed()).querySelector('.stop'))).toMatch(/^No bug was met in the window/);
  });
});

describe('titles of strangers', () => {
  const hostile = [
    '<script>document.title="taken"</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</title></style></svg><iframe src="//evil.example">',
    '<!-- <svg/onload=alert(1)> --!>',
    '&lt;script&gt;already escaped&lt;/script&gt;',
    '🛒💥 👩‍👩‍👧 emoji',
    'عطل في الدفع ‮txt.exe',
    'x'.repeat(1020),
    '=HYPERLINK("https://evil.example")',
  ];

  beforeEach(async () => {
    await insert(world, 'impact_run', [
      run({ warnings: hostile, status: 'refused', refusal: hostile.join(' ').slice(0, 400) }),
    ]);
    await insert(
      world,
      'rollbar_item',
      hostile.map((title, at) =>
        item(101 + at, title, { environment: title.slice(0, 200), level: title.slice(0, 14) }),
      ),
    );
    await insert(
      world,
      'impact_item',
      hostile.map((_title, at) => impact(101 + at, at + 1, 20 - at)),
    );
    await insert(
      world,
      'bug_lineage',
      hostile.map((title, at) =>
        lineage(101 + at, 'introduced', '2026-10-01T08:00:00', {
          evidence: title,
          release_version: title.slice(0, 16),
          pipeline_id: title.slice(0, 16),
          commit_sha: title.slice(0, 16),
          pipeline_source: title.slice(0, 8),
        }),
      ),
    );
    await insert(
      world,
      'rollbar_occurrence',
      hostile.flatMap((title, at) =>
        occurrences(101 + at, title.slice(0, 60), 1).map((row) => ({ ...row, person_id: 'nobody' })),
      ),
    );
  });

  test('no element and no attribute comes from them', async () => {
    const document = await parsed();

    const tags = new Set([...document.querySelectorAll('*')].map(({ tagName }) => tagName.toLowerCase()));
    expect(
      ['script', 'img', 'iframe', 'object', 'embed', 'form', 'base'].filter((tag) => tags.has(tag)),
    ).toEqual([]);
    const attributes = [...document.querySelectorAll('*')].flatMap((element) =>
      [...element.attributes].map(({ name }) => name),
    );
    expect(attributes.filter((name) => name.startsWith('on') || name === 'style')).toEqual([]);
    expect(document.querySelectorAll('style').length).toBe(1);
  });

  test('they are shown letter by letter, without marks that turn what stands around them', async () => {
    const document = await parsed();

    const shown = [...document.querySelectorAll('.bug h3 bdi')].map((title) => title.textContent);
    expect(shown).toEqual(hostile.map((title) => title.replace('‮', '\uFFFD')));
  });

  test('half a character does not reach the page', async () => {
    const report = await read(world);

    const text = page({ ...report, items: report.items.map((one) => ({ ...one, title: 'half \uD83D' })) });

    expect(text.isWellFormed()).toBe(true);
    expect(text).toContain('half \uFFFD');
  });
});

test('the page lets the browser fetch nothing, and apply its own style only', async () => {
  const document = await parsed();

  const rules =
    document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content') ?? '';
  const style = document.querySelector('style')?.textContent ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(rules).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
  );
});
