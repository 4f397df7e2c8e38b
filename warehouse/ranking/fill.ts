/**
 * Puts values into a model: `{{name}}` is one that the refresh gives, `{{key name}}` an id as text that is alike on both
 * sides, `{{day name}}` the day of a time or a date, `{{tail z}}` the upper tail of the normal
 * distribution at |z|, `{{isRehearsal name}}` whether an app or environment is named like one that serves no users.
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
    const [, act, of = ''] = /^(?:(tail|sum|isRehearsal|key|day) )?(.+)$/.exec(name) ?? [];
    if (act === 'tail') return tail(of);
    if (act === 'sum') return sum(of);
    if (act === 'isRehearsal') return isRehearsal(of);
    const value = values[of];
    if (value === undefined) throw new TypeError(`no value is given for {{${name}}}`);
    if (act === 'key') return key(value);
    return act === 'day' ? day(value, values) : value;
  });
}

/** Added up in whole 10^-12ths: sums of floating-point numbers depend on the order of the rows, which is never the same. */
const sum = (x: string): string => `cast(sum(cast(1e12 * (${x}) as bigint)) as float8) / 1e12`;

/** An id as both sides are to write it: without blanks around it; a UUID in lower case, where case says nothing. */
const key = (id: string): string => {
  const trimmed = `trim(cast(${id} as varchar(256)))`;
  return `case when ${trimmed} like '${UUID}' then lower(${trimmed}) else ${trimmed} end`;
};

const UUID = '________-____-____-____-____________';

/** A date is one of the settings' time zone, and shows by its ten characters; a time is one of UTC. */
function day(at: string, { timeZone }: Values): string {
  const local = `cast(convert_timezone('UTC', ${timeZone}, cast(${at} as timestamp)) as date)`;
  return `case when length(cast(${at} as varchar(64))) = 10 then cast(${at} as date) else ${local} end - date '2000-01-01'`;
}

/** Parts of names of apps and environments that serve no users. */
const REHEARSALS = ['stag', 'dev', 'test', 'qa', 'review', 'preview', 'sandbox', 'local'];

const isRehearsal = (name: string): string =>
  `(${REHEARSALS.map((part) => `lower(${name}) like '%${part}%'`).join(' or ')})`;

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
    excludedUsers: list(settings.excludedUsers.map(alike)),
    environments: environments === null ? 'true' : `occurrence.environment in (${list(environments)})`,
    'people.personId': people.by === 'table' ? 'occurrence.person_id' : people.userId,
    people:
      people.by === 'table'
        ? `select ${key(people.personId)} as person_key, ${key(people.userId)} as user_key from ${people.table}`
        : `select distinct person_key, person_key as user_key from heimdallr_work.met_day where person_key is not null`,
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

/** As `key` writes it. */
const alike = (id: string): string =>
  /^.{8}-.{4}-.{4}-.{4}-.{12}$/.test(id.trim()) ? id.trim().toLowerCase() : id.trim();

/** An empty list matches nobody. */
const list = (values: readonly string[]): string =>
  (values.length === 0 ? ["''"] : values.map(literal)).join(', ');
