/** What npm start says of the ranking. */
import { expect, test } from 'vitest';
import { type Answer, answerLines, firstToFix, type RankedItem } from '../local/cli/answer.ts';

const item = (rank: number, changes: Partial<RankedItem> = {}): RankedItem => ({
  ...{ rank, project_id: '1', item_id: String(rank), title: `Bug ${rank}`, tier: 'confirmed' },
  ...{ users_lost_per_week: 12.34, users_lost_per_week_low: 7, users_lost_per_week_high: 17.06 },
  ...{
    users_affected: 340,
    occurrences: 410,
    share_returned: 0.511,
    share_expected: 0.634,
    symptom_of: null,
  },
  ...changes,
});

const run: Answer['run'] = {
  ...{ status: 'ranked', refusal: null, window_from: '2026-10-01', data_through: '2026-11-25' },
  ...{ users: 3214, coverage: 0.9, warnings: [] },
};

test('nothing is said before the first refresh', () => {
  expect(answerLines({ run: null, items: [] }, 5)).toEqual([]);
});

test('a refusal is said with its reason', () => {
  const refused = { ...run, status: 'refused', refusal: 'no activity table is configured' };

  expect(answerLines({ run: refused, items: [item(1)] }, 5)).toEqual([
    'not ranked by users lost: no activity table is configured',
  ]);
});

test('bugs are listed by users lost, with the interval, and what to fix first is a sentence', () => {
  const unsure = item(2, {
    ...{ tier: 'unclear', title: 'Loud\n and  harmless', users_lost_per_week: 0.04, users_affected: null },
    ...{ users_lost_per_week_low: -3, users_lost_per_week_high: 2.5, occurrences: 9000 },
  });
  const symptom = item(3, { symptom_of: '1' });

  expect(answerLines({ run, items: [item(1), unsure, symptom] }, 5)).toEqual([
    'which bugs cost the most users, of 3,214 from 2026-10-01 to 2026-11-25',
    '  rank  users lost a week         95 %   how sure    met it  occurrences  bug',
    '     1               12.3  7.0 to 17.1  confirmed       340          410  Bug 1',
    '     2                0.0  -3.0 to 2.5    unclear  under 10         9000  Loud and harmless',
    '     3               12.3  7.0 to 17.1    symptom       340          410  Bug 3',
    '',
    'fix first: Bug 1. It costs 12.3 users a week (7.0 to 17.1); of those who met it 51 % came back within 7 days, 63 % were to be expected',
  ]);
});

test('what is only likely is said to be, and a symptom is nothing to fix', () => {
  const items = [item(1, { symptom_of: '2' }), item(2, { tier: 'likely', title: null })];

  expect(firstToFix(items)).toBe(
    'fix first: item 2. It costs 12.3 users a week (7.0 to 17.1, likely); of those who met it 51 % came back within 7 days, 63 % were to be expected',
  );
});

test('where nothing is sure, nothing is recommended', () => {
  expect(firstToFix([item(1, { tier: 'unclear' }), item(2, { tier: 'too_few' })])).toBe(
    'fix first: nothing here costs users with any certainty; the intervals say how little is known',
  );
});
