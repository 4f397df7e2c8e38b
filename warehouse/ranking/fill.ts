/**
 * Puts values into a model: `{{name}}` is one that the refresh gives, `{{tail z}}` the upper tail of the normal
 * distribution at |z|.
 *
 * Redshift and Postgres have no such function. This is Abramowitz and Stegun, Handbook of Mathematical Functions,
 * 26.2.17, whose error stays small relative to the tail. Beyond 37 the tail is below what a double holds.
 */

import type { RankingSettings } from '../../contract/impact.ts';
import { literal } from '../../contract/redshift.ts';
import { bare } from '../sql.ts';

export type Values = Readonly<Record<string, string>>;

/**
 * The select of a model.
 * @throws {TypeError} when a placeholder has no value: a mistake of the model.
 */
export function fill(select: string, values: Values): string {
  return bare(select).replace(/\{\{([^{}]+)\}\}/g, (_whole, name: string) => {
    if (name.startsWith('tail ')) return tail(name.slice('tail '.length));
    const value = values[name];
    if (value === undefined) throw new TypeError(`no value is given for {{${name}}}`);
    return value;
  });
}

const COEFFICIENTS = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];

function tail(z: string): string {
  const x = `least(abs(${z}), 37)`;
  const t = `(1 / (1 + 0.2316419 * ${x}))`;
  const series = COEFFICIENTS.reduceRight((inner, figure) => `${t} * (${figure} + ${inner})`, '0');
  return `(exp(-${x} * ${x} / 2) / sqrt(2 * pi()) * ${series})`;
}

/** Days of notes that are kept: the longest window, its washout and what the score looks back. */
const KEPT_DAYS = 150;

/** Days since 2000-01-01, in which models count. */
export const dayNumber = (date: string): number =>
  Math.floor(Date.parse(`${date}T00:00:00Z`) / 86_400_000) - 10_957;

/** The day of a number. */
export const dayOf = (number: number): string =>
  new Date((number + 10_957) * 86_400_000).toISOString().slice(0, 10);

/** The values that all models share. */
export function valuesOf(settings: RankingSettings, now: Date): Values {
  const { activity, people, environments } = settings;
  const today = dayNumber(new Intl.DateTimeFormat('sv-SE', { timeZone: settings.timeZone }).format(now));
  return {
    timeZone: literal(settings.timeZone),
    today: String(today),
    keptFrom: String(today - Math.max(KEPT_DAYS, settings.windowDays + 94)),
    windowDays: String(settings.windowDays),
    falseDiscoveryRate: String(settings.falseDiscoveryRate),
    computedAt: `${literal(now.toISOString().slice(0, 19).replace('T', ' '))}::timestamp`,
    negativeControls: list(settings.negativeControls),
    excludedUsers: list(settings.excludedUsers),
    environments: environments === null ? 'true' : `occurrence.environment in (${list(environments)})`,
    'people.userId': people.by === 'table' ? `person.${people.userId}` : people.userId,
    'people.join':
      people.by === 'table'
        ? `\n  left join ${people.table} as person on cast(person.${people.personId} as varchar(256)) = occurrence.person_id`
        : '',
    'activity.table': activity?.table ?? 'nothing',
    'activity.userId': activity?.userId ?? 'null',
    'activity.activeAt': activity?.activeAt ?? 'null',
    'activity.events': activity?.events ?? '1',
    'activity.platform': activity?.platform ?? 'null',
    'activity.segment': activity?.segment ?? 'null',
    'activity.signedUpAt': activity?.signedUpAt ?? 'null',
    'activity.revenue': activity?.revenue ?? 'null',
    hasRevenue: activity?.revenue == null ? 'false' : 'true',
  };
}

/** An empty list matches nobody. */
const list = (values: readonly string[]): string =>
  (values.length === 0 ? ["''"] : values.map(literal)).join(', ');
