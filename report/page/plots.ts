/**
 * Plots as SVG that stands in the page. Observable Plot draws them into a document that is no browser's; colours are the
 * variables of the style sheet, so that one drawing serves in light, in dark and on paper. Nothing but numbers and days
 * goes in.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Week } from '../queries.ts';
import { estimate, figure, people } from '../words.ts';
import { type Html, trusted } from './html.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** The drawing without Plot's own style sheet, which the page's rules for style would refuse. */
function draw(label: string, options: Plot.PlotOptions): Html {
  const svg = Plot.plot({ ...options, document: document as never, className: 'plot' });
  for (const style of svg.querySelectorAll('style')) style.remove();
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  return trusted(svg.outerHTML);
}

export interface Interval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly isSure: boolean;
}

/** An estimate between its limits, on a scale that all rows of a table share. */
export function intervalPlot(
  { value, low, high, isSure }: Interval,
  domain: readonly [number, number],
): Html {
  if (value === null || low === null || high === null) return trusted('');
  const colour = isSure ? 'var(--harm)' : 'var(--muted)';
  const [from, to] = domain;
  const ends = [
    ...(low < from ? [{ at: from, symbol: '‹', anchor: 'start' as const }] : []),
    ...(high > to ? [{ at: to, symbol: '›', anchor: 'end' as const }] : []),
  ];
  const within = (number: number): number => Math.min(to, Math.max(from, number));
  return draw(`${estimate(value)}, between ${estimate(low)} and ${estimate(high)}`, {
    ...{ width: 168, height: 22, margin: 0, marginLeft: 5, marginRight: 5 },
    x: { domain: [from, to], axis: null },
    y: { domain: [-1, 1], axis: null },
    marks: [
      Plot.ruleX([0], { stroke: 'var(--line-strong)' }),
      Plot.link([0], {
        x1: within(low),
        x2: within(high),
        y1: 0,
        y2: 0,
        stroke: colour,
        strokeWidth: 2.5,
        strokeLinecap: 'round',
      }),
      ...(value < from || value > to
        ? []
        : [Plot.dot([0], { x: value, y: 0, r: 4.5, fill: colour, stroke: 'var(--card)', strokeWidth: 1.5 })]),
      ...ends.map(({ at, symbol, anchor }) =>
        Plot.text([symbol], {
          x: at,
          y: 0,
          dy: -1,
          textAnchor: anchor,
          fill: colour,
          stroke: 'var(--card)',
          fontSize: 15,
        }),
      ),
    ],
  });
}

/** The scale of a table: what is sure fits; an interval that is far wider ends in an arrow. */
export function domainOf(intervals: readonly Interval[]): readonly [number, number] {
  const sure = intervals.filter(({ isSure }) => isSure);
  const base = sure.length > 0 ? sure : intervals;
  const ends = base.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const reach = high - low === 0 ? 1 : high - low;
  return [low - reach * (sure.length > 0 ? 0.15 : 0.02), high + reach * 0.04];
}

const dateOf = (day: string): Date => new Date(`${day}T00:00:00Z`);
const shortDay = (date: Date): string =>
  date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

const WEEK_PLOT = {
  width: 460,
  height: 128,
  marginLeft: 44,
  marginRight: 10,
  marginTop: 12,
  marginBottom: 24,
};

/** A scale of weeks; a label for every second one where they are many. */
const weekScale = (weeks: readonly Week[]): Plot.ScaleOptions => ({
  type: 'band',
  domain: weeks.map(({ week }) => week),
  padding: 0.28,
  ticks: weeks
    .filter((_week, at) => weeks.length <= 6 || (weeks.length - 1 - at) % 2 === 0)
    .map(({ week }) => week),
  tickFormat: (week: string) => shortDay(dateOf(week)),
  tickSize: 0,
  label: null,
});

/** People who met it anew, week by week; a week that is not over is lighter, a count that is held back is a dot. */
export function weeksMetPlot(weeks: readonly Week[]): Html {
  const shown = weeks.filter(({ new_episodes }) => new_episodes !== null);
  const label = `People who met it anew, by week: ${weeks.map(({ week, new_episodes }) => `${shortDay(dateOf(week))} ${people(new_episodes)}`).join(', ')}`;
  return draw(label, {
    ...WEEK_PLOT,
    x: weekScale(weeks),
    y: {
      label: null,
      grid: true,
      ticks: 3,
      tickSize: 0,
      zero: true,
      domain: [0, Math.max(10, ...shown.map((week) => week.new_episodes ?? 0))],
      nice: true,
    },
    marks: [
      Plot.barY(shown, {
        x: 'week',
        y: 'new_episodes',
        fill: 'var(--bar)',
        fillOpacity: (week: Week) => (week.is_complete ? 1 : 0.45),
        rx: 2,
      }),
      Plot.dot(
        weeks.filter(({ new_episodes }) => new_episodes === null),
        { x: 'week', y: 0, dy: -5, r: 2, fill: 'var(--muted)' },
      ),
      Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
    ],
  });
}

/** How much of the return is missing, week by week, in points of percent, with its limits. */
export function weeksReturnPlot(weeks: readonly Week[]): Html {
  const measured = weeks.filter(({ rd }) => rd !== null);
  const points = (name: 'rd' | 'ci_lo' | 'ci_hi') => (week: Week) => (week[name] ?? 0) * 100;
  const ends = measured.flatMap((week) => [points('ci_lo')(week), points('ci_hi')(week)]);
  const label = `Difference in return, by week: ${measured.map(({ week, rd }) => `${shortDay(dateOf(week))} ${estimate((rd ?? 0) * 100)} points`).join(', ')}`;
  return draw(label, {
    ...WEEK_PLOT,
    x: weekScale(weeks),
    y: {
      label: null,
      grid: true,
      ticks: 4,
      tickSize: 0,
      domain: [Math.max(-100, Math.min(-5, ...ends)), Math.min(100, Math.max(5, ...ends))],
      nice: true,
      tickFormat: (value: number) => (value > 0 ? `+${figure(value)}` : figure(value)),
    },
    marks: [
      Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
      Plot.ruleX(measured, {
        x: 'week',
        y1: points('ci_lo'),
        y2: points('ci_hi'),
        stroke: 'var(--muted)',
        strokeWidth: 2,
        strokeLinecap: 'round',
      }),
      Plot.dot(measured, {
        x: 'week',
        y: points('rd'),
        r: 4,
        fill: (week: Week) => ((week.ci_hi ?? 0) < 0 ? 'var(--harm)' : 'var(--muted)'),
        stroke: 'var(--card)',
        strokeWidth: 1.5,
      }),
    ],
  });
}

/** A line through days; where nothing was measured it has a gap. */
export function daysPlot(
  label: string,
  days: readonly { readonly day: string; readonly value: number | null }[],
): Html {
  return draw(label, {
    ...{ width: 300, height: 84, marginLeft: 40, marginRight: 10, marginTop: 10, marginBottom: 22 },
    x: {
      type: 'utc',
      domain: [dateOf(days[0]?.day ?? ''), dateOf(days.at(-1)?.day ?? '')],
      ticks: 3,
      tickSize: 0,
      label: null,
      tickFormat: (date: Date) => shortDay(date),
    },
    y: { label: null, grid: true, ticks: 2, tickSize: 0, zero: true, nice: true },
    marks: [
      Plot.lineY(days, { x: ({ day }) => dateOf(day), y: 'value', stroke: 'var(--bar)', strokeWidth: 2 }),
      Plot.dot(
        days.slice(-1).filter(({ value }) => value !== null),
        { x: ({ day }) => dateOf(day), y: 'value', fill: 'var(--bar)', r: 3 },
      ),
    ],
  });
}
