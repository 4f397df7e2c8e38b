/**
 * EventBridge Scheduler: starts functions at a rate.
 *
 * A schedule without a start date fires as soon as it is made and then once per period, whether or not the last
 * start has ended: what keeps two runs apart is the function's reserved concurrency and its lease, and that is
 * tried here as well. A cron expression has no meaning when time runs faster: such a schedule fires by hand only.
 */
import { randomUUID } from 'node:crypto';
import type { AsyncResult } from './async-invocation.ts';
import type { OnEvent } from './events.ts';

/** A schedule as its template declares it. */
export interface ScheduleDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** ARN of the function. */
  readonly functionArn: string;
  /** JSON text; `<aws.scheduler.…>` in it is replaced at each start. */
  readonly input: string;
  readonly periodMs: number;
  /** Instead of a period: fires by hand only. */
  readonly cron?: string;
  readonly isEnabled: boolean;
}

/** A start that has ended. */
export interface ScheduleResult {
  readonly schedule: ScheduleDefinition;
  readonly functionName: string;
  /** What the function got. */
  readonly input: unknown;
  readonly result: AsyncResult;
}

export interface SchedulerOptions {
  readonly speed: number;
  readonly now: () => Date;
  readonly functions: {
    find(id: string): { readonly name: string };
    invokeAsync(id: string, event: unknown): Promise<AsyncResult>;
  };
  readonly onResult: (result: ScheduleResult) => void;
  readonly onEvent: OnEvent;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #schedules = new Map<string, ScheduleDefinition>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #running = 0;
  #isPaused = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Starts a schedule: it fires at once, unless it is disabled or all are paused. */
  add(schedule: ScheduleDefinition): void {
    this.#schedules.set(schedule.name, schedule);
    if (!this.#isPaused) this.#begin(schedule);
  }

  list(): readonly ScheduleDefinition[] {
    return [...this.#schedules.values()];
  }

  /** Starts that have not ended. */
  get running(): number {
    return this.#running;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Fires nothing more until `resume`; what has started goes on. */
  pause(): void {
    this.#isPaused = true;
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
  }

  /** Goes on; every schedule fires at once. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const schedule of this.#schedules.values()) this.#begin(schedule);
  }

  /**
   * Fires a schedule now, paused or not.
   * @param id name or logical id
   * @throws {Error} when there is none, or its target cannot be called.
   */
  async fire(id: string): Promise<ScheduleResult> {
    const schedule = this.list().find(({ name, logicalId }) => name === id || logicalId === id);
    if (schedule === undefined)
      throw new Error(`there is no schedule ${id}, only ${[...this.#schedules.keys()].join(', ')}`);
    const { functions, onResult } = this.#options;
    const input: unknown = JSON.parse(this.#filledIn(schedule));
    this.#running += 1;
    try {
      const result = await this.#invoke(schedule, input);
      const ended = { schedule, functionName: functions.find(schedule.functionArn).name, input, result };
      onResult(ended);
      return ended;
    } finally {
      this.#running -= 1;
    }
  }

  async #invoke({ name, functionArn }: ScheduleDefinition, input: unknown): Promise<AsyncResult> {
    const { functions, onEvent } = this.#options;
    try {
      return await functions.invokeAsync(functionArn, input);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      onEvent({ kind: 'not_started', schedule: name, message });
      throw error;
    }
  }

  #begin(schedule: ScheduleDefinition): void {
    if (!schedule.isEnabled || schedule.cron !== undefined) return;
    // What it cannot start was told, and the next start is tried all the same.
    const fire = (): void => void this.fire(schedule.name).catch(() => undefined);
    this.#timers.set(schedule.name, setInterval(fire, schedule.periodMs / this.#options.speed));
    fire();
  }

  #filledIn({ input, arn }: ScheduleDefinition): string {
    const values: Readonly<Record<string, string>> = {
      'schedule-arn': arn,
      'scheduled-time': `${this.#options.now().toISOString().slice(0, 19)}Z`,
      'execution-id': randomUUID(),
      'attempt-number': '1',
    };
    return input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) => values[name] ?? whole);
  }
}

const UNITS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * Milliseconds of `rate(5 minutes)`.
 * @throws {RangeError} for anything else, cron expressions too.
 */
export function readRate(expression: string): number {
  const [, count, unit, plural] = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  // AWS refuses "rate(1 minutes)" and "rate(2 minute)".
  if (count === undefined || (count === '1') !== (plural === '')) {
    throw new RangeError(`a schedule must be like rate(1 minute) or rate(5 minutes) here, got ${expression}`);
  }
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** When a schedule fires, as it was written. */
export const expressionOf = ({ cron, periodMs }: Pick<ScheduleDefinition, 'cron' | 'periodMs'>): string =>
  cron ?? rateText(periodMs);

/**
 * A schedule's expression.
 * @throws {RangeError} for what is neither a rate nor a cron expression.
 */
export const readExpression = (expression: string): Pick<ScheduleDefinition, 'cron' | 'periodMs'> =>
  /^cron\((?:\S+ ){5}\S+\)$/.test(expression)
    ? { cron: expression, periodMs: 0 }
    : { periodMs: readRate(expression) };

/** The rate of so many milliseconds, in its largest unit. */
export function rateText(periodMs: number): string {
  for (const [unit, ms] of Object.entries(UNITS).toReversed()) {
    const count = periodMs / ms;
    if (Number.isInteger(count)) return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
  }
  throw new RangeError(`a rate is of whole minutes, got ${periodMs} ms`);
}
