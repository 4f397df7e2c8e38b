/**
 * How far a walk is and how long it still takes, as far as its producer says how far back it has reached.
 */
import { bar, many, spoken } from '../program.ts';
import type { Walked } from './backfill.ts';

export interface Course {
  /** Where the walk ends. */
  readonly since: Date;
  /** When this command was given: walks go from about now into the past. */
  readonly from: Date;
}

export class Estimate {
  readonly #course: Course;
  /** The first place that this command has seen: what was walked before it says nothing about the pace. */
  #first: { readonly reached: number; readonly at: number } | null = null;

  constructor(course: Course) {
    this.#course = course;
  }

  /** The line that changes. */
  line(walked: Walked, now: Date): string {
    const { since, from } = this.#course;
    const records = Object.values(walked.emitted).reduce((sum, one) => sum + one, 0);
    const done = `${many(records, 'record')} in ${many(walked.slices, 'slice')}`;
    if (walked.reached === null) return `backfill   ${done}`;
    const reached = Math.min(from.getTime(), Date.parse(walked.reached));
    const all = Math.max(1, from.getTime() - since.getTime());
    const left = this.#left(reached, now.getTime());
    const estimate = left === null ? '' : `, about ${spoken(left)} left`;
    return `backfill   ${bar((from.getTime() - reached) / all)}  back to ${minute(walked.reached)}, ${done}${estimate}`;
  }

  /** Milliseconds to the end at the pace of this command; null before it has one. */
  #left(reached: number, now: number): number | null {
    this.#first ??= { reached, at: now };
    const walked = this.#first.reached - reached;
    if (walked <= 0) return null;
    return ((now - this.#first.at) / walked) * Math.max(0, reached - this.#course.since.getTime());
  }
}

/** `2026-01-01 12:00` */
export const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
