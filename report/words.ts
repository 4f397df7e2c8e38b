/**
 * Figures and findings as a person says them. Used by the page, the digest and nothing that is read by programs.
 */
import { RANK_HORIZON } from '../contract/impact.ts';
import { FEWEST_PEOPLE, type ItemRow } from './queries.ts';
import type { Report, ReportItem } from './read.ts';

/** A count: `1,234`; a dash for what is not known. */
export const figure = (value: number | null): string => (value === null ? '–' : written(value, 0));

/** An estimate: `1,234`, `64`, `4.5`, `0.4`; more digits would promise more than is known. */
export const estimate = (value: number | null): string =>
  value === null ? '–' : written(value, Math.abs(value) >= 9.95 ? 0 : 1);

const written = (value: number, digits: number): string =>
  value
    .toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace(/^-(?=0(?:\.0)?$)/, '')
    .replace('-', '−');

/** `1,234`; `under 10` for a count of people that is held back. */
export const people = (value: number | null): string =>
  value === null ? `under ${FEWEST_PEOPLE}` : figure(value);

/** @param share from 0 to 1. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${written(share * 100, share !== 0 && Math.abs(share) < 0.01 ? 1 : 0)} %`;

/** Share of the returns that were to be expected and did not come; null where that cannot be said. */
export const returnLost = ({
  p1,
  p0,
}: {
  readonly p1: number | null;
  readonly p0: number | null;
}): number | null => (p1 === null || p0 === null || p0 === 0 ? null : 1 - p1 / p0);

/** `6.1 to 19`. */
export const interval = (low: number | null, high: number | null): string =>
  low === null || high === null ? '–' : `${estimate(low)} to ${estimate(high)}`;

/** A length of time: `45 s`, `12 min`, `3.4 h`, `2.1 days`. */
export function spoken(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${estimate(seconds / 3600)} h` : `${estimate(seconds / 86_400)} days`;
}

/** `2026-11-23 18:30 UTC`. */
export const moment = (at: string | null): string =>
  at === null ? '–' : `${at.slice(0, 16).replace('T', ' ')} UTC`;

/** What a tier is called. */
export const tierName = (tier: string): string => tier.replaceAll('_', ' ');

/** How sure the harm is, in words of people. */
export const tierMeaning: Readonly<Record<string, string>> = {
  confirmed: 'fewer come back; of ten bugs called so, at most one is harmless on average',
  likely: 'probably fewer come back (at least 95 %)',
  unclear: 'may cost users or not; the interval says how much is possible',
  too_few: 'met by too few people to say anything',
  not_measurable: 'cannot be measured this way, for the reason given',
};

/** Why an item is not ranked. */
export const reasonMeaning: Readonly<Record<string, string>> = {
  late_report:
    'its occurrences arrive a day or more after they happened (a crash that is reported at the next start): only people who came back are ever seen',
  background: 'it happens where nobody is using the app, such as in a nightly job',
  no_people: 'no occurrence names a person: have the app report who met it',
  no_controls: 'everybody met it, so there is nobody to compare with',
  too_few: 'fewer than 30 days of people could be matched: wait, or widen the window',
  negative_control: 'the team declared it harmless, and it is used to measure the method’s own error',
};

export const verdictMeaning: Readonly<Record<string, string>> = {
  fixed: 'Fixed',
  reduced: 'Reduced',
  not_fixed: 'Not fixed',
  too_few: 'Too few to say',
  too_early: 'Too early to say',
};

export const returnVerdictMeaning: Readonly<Record<string, string>> = {
  helped: 'and more people come back',
  no_change: 'no change in who comes back yet',
  too_early: 'too early to say who comes back',
  too_few: 'too few people to say who comes back',
};

/** What an item is called in its place. */
export const titleOf = ({
  title,
  item_id,
}: {
  readonly title: string | null;
  readonly item_id: string;
}): string => (title === null || title.trim() === '' ? `item ${item_id}` : title);

/** Tiers on which somebody should act. */
export const isSure = ({ tier }: { readonly tier: string }): boolean =>
  tier === 'confirmed' || tier === 'likely';

/** What to fix first; null when nothing is sure enough to say so. */
export const firstToFix = ({ items }: Pick<Report, 'items'>): ReportItem | null =>
  items.find((item) => isSure(item) && item.symptom_of === null && item.status !== 'resolved') ?? null;

/** Why an item is in its place, as a clause. */
export function because(item: ItemRow): string {
  const { p1, p0, users_lost_per_week: lost, tier } = item;
  const sure = tier === 'confirmed' ? 'confirmed' : `only ${tierName(tier)}`;
  const range = interval(item.users_lost_per_week_low, item.users_lost_per_week_high);
  const returned =
    p1 === null || p0 === null
      ? ''
      : ` Of those who met it ${percent(p1)} came back within ${RANK_HORIZON} days; ${percent(p0)} were to be expected.`;
  return `It costs ${estimate(lost)} users a week (${range}; ${sure}).${returned}`;
}

/** Limits that go with every ranking. */
export const limits: readonly string[] = [
  'People are compared with others of the same day, platform, habits and tenure. A difference that is not among these, such as a feature that only engaged people open or an old device, shifts the numbers; name it as segment in heimdallr.config.ts.',
  'A bug before login cannot be seen: nobody knows whom it met.',
  'How busy somebody was on the day is partly after the error, which understates the harm of errors that cut the day short.',
  'Losses are those of people whom the app names; occurrences without a person lower the coverage and add no loss.',
  `Horizon ${RANK_HORIZON} ranks and includes people who merely pause; 28 days shows who is really gone, four weeks later; 1 day is an early alarm only.`,
  'Losses of items must not be added up: what a symptom or an inseparable twin costs is counted once, with its cause.',
];
