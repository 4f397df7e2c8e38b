/**
 * A stage: the synthesised stack as `npm start` runs it, with a vendor, a clock that can be moved on and hooks for faults.
 *
 * Schedules are fired by hand, so that a fault can be put between two of them. Time that would only be waited for is
 * skipped: the clock of everybody is moved on instead.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FeedEvent, RunSummary } from '../../../contract/feed.ts';
import { isRunSummary } from '../../../local/cli/progress.ts';
import {
  type LocalServices,
  type OnCall,
  type ServiceCall,
  startServices,
} from '../../../local/services/index.ts';
import type { InvokeResult } from '../../../local/stack/async-invocation.ts';
import type { StackEvent } from '../../../local/stack/events.ts';
import type { FunctionDefinition } from '../../../local/stack/functions.ts';
import { createGuard } from '../../../local/stack/guard.ts';
import type { ScheduleDefinition } from '../../../local/stack/scheduler.ts';
import { type RunningStack, startStack } from '../../../local/stack/stack.ts';
import { randomFor } from '../../../simulation/random.ts';
import { Sightings } from './books.ts';
import { Clock } from './clock.ts';
import { Hooks } from './hooks.ts';
import { FEED, type Project } from './project.ts';
import { TOKEN, Vendor } from './vendor.ts';

export interface StageOptions {
  readonly project: Project;
  readonly seed: number;
  /** How many times faster than AWS buffers and retries run. */
  readonly speed: number;
  /** A `postgres://` address of an empty database; null for the embedded Postgres. */
  readonly warehouseUrl: string | null;
  /** Faults that strike at every step do so, and not at every fourth only. */
  readonly isThorough: boolean;
  /** Told of everything that the stack says. */
  readonly onEvent?: (event: StackEvent) => void;
}

/** What a vendor signs its deliveries with. */
export const WEBHOOK_SECRET = 'what-nobody-signs-with';

/** The functions that a fault can name. */
export type Part = 'producer' | 'transform' | 'loader' | 'reload';

/** The variable that says what a function is. */
const SERVICE = 'POWERTOOLS_SERVICE_NAME';

/** The stream always refuses one record in so many. */
const REFUSED_ONE_IN = 1000;

/** Runs that may follow one another without an end before a feed is said not to catch up. */
const MAX_RUNS = 200;

/** After six hours the producer reads all items again, and a little later if its clock has jumped; seconds. */
const SWEEP_SECONDS = 6.5 * 3600;

/** A lease that nobody gives back has run out after this, seconds. */
const LEASE_SECONDS = 80;

export class Stage {
  readonly clock = new Clock();
  readonly hooks: Hooks;
  readonly speed: number;
  readonly isThorough: boolean;
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-stage-'));
  readonly #options: StageOptions;
  #sightings = new Sightings();
  #guard: OnCall | null = null;
  #vendor: Vendor | null = null;
  #services: LocalServices | null = null;
  #stack: RunningStack | null = null;

  private constructor(options: StageOptions) {
    this.#options = options;
    this.speed = options.speed;
    this.isThorough = options.isThorough;
    let records = randomFor(options.seed, 'refused').integer(0, REFUSED_ONE_IN - 1);
    this.hooks = new Hooks(
      (call) => this.#watch(call),
      (service) => {
        if (service !== 'kinesis') return false;
        records += 1;
        return records % REFUSED_ONE_IN === 0;
      },
    );
  }

  static async start(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    try {
      await stage.#start();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get vendor(): Vendor {
    return there(this.#vendor);
  }

  get services(): LocalServices {
    return there(this.#services);
  }

  get stack(): RunningStack {
    return there(this.#stack);
  }

  get project(): Project {
    return this.#options.project;
  }

  /** What polls the feed. */
  get feed(): ScheduleDefinition {
    return this.#schedule(null);
  }

  /** What is seen from now on belongs to somebody else. */
  watch(): Sightings {
    this.#sightings = new Sightings();
    return this.#sightings;
  }

  part(part: Part): FunctionDefinition {
    if (part === 'producer') return this.stack.functions.find(this.feed.functionArn);
    const found = this.stack.functions.list().find(({ environment }) => environment[SERVICE] === part);
    return there(found);
  }

  /** Ends a function's machines at once. */
  kill(part: Part): void {
    this.stack.functions.kill(this.part(part).name);
  }

  /** Polls the feed once; null when its function did not come to an end. */
  async poll(): Promise<RunSummary | null> {
    const { result } = await this.stack.schedules.fire(this.feed.name);
    const summary = result.status === 'ok' && isRunSummary(result.payload) ? result.payload : null;
    if (summary !== null) this.#sightings.summaries.push(summary);
    return summary;
  }

  /** Polls, minute by minute, until the vendor has nothing that is not on the stream. */
  async pollToTheEnd(): Promise<void> {
    for (let runs = 0; runs < MAX_RUNS; runs += 1) {
      const isAllVisible = this.clock.now() >= this.vendor.visibleAt;
      const summary = await this.poll();
      const isCaughtUp = summary?.outcome === 'caught_up';
      if (isAllVisible && isCaughtUp) return;
      const isHeld = summary === null || summary.outcome === 'skipped';
      const untilVisible = (this.vendor.visibleAt.getTime() - this.clock.now().getTime()) / 1000;
      this.clock.advance(Math.max(isHeld ? LEASE_SECONDS : 60, isCaughtUp ? untilVisible : 0));
    }
    throw new Error(`the feed has not caught up after ${MAX_RUNS} runs`);
  }

  /** Lets time pass until the producer reads every item once more, and reads it: late rows have changed some. */
  async pollAllItems(): Promise<void> {
    this.clock.advance(SWEEP_SECONDS);
    await this.pollToTheEnd();
  }

  /** Ends when everything on the stream has been handled and COPYed. */
  async land(): Promise<void> {
    for (const mapping of this.stack.mappings) while (!(await mapping.isIdle())) await pause(20);
    await this.services.firehose.flush();
  }

  /** Runs the loader once, or what loads the batches that Firehose gave up; false when it failed. */
  async load(part: 'loader' | 'reload' = 'loader'): Promise<boolean> {
    const { arn } = this.part(part);
    const schedule = this.stack.schedules.list().find(({ functionArn }) => functionArn === arn);
    const { result } = await this.stack.schedules.fire(there(schedule).name);
    return result.status === 'ok';
  }

  /** Lets the feed count what it holds, and read again what is missing. */
  async reconcile(): Promise<void> {
    await this.stack.schedules.fire(this.#schedule('reconcile').name);
  }

  /** Calls the loader past its schedule, so that it can be called while another is at work. */
  invokeLoader(): Promise<InvokeResult> {
    return this.stack.functions.invoke(this.part('loader').name, {});
  }

  /** Runs both until nothing is left in the landing table. */
  async loadAll(): Promise<void> {
    for (let runs = 0; runs < 5; runs += 1) {
      const isDone = (await this.load('reload')) && (await this.load());
      if (isDone && (await this.count('select count(*) from heimdallr.landing')) === 0) return;
    }
    throw new Error('the loader does not come to an end');
  }

  /** The one number that a query answers. */
  async count(sql: string): Promise<number> {
    return Number((await this.services.warehouse.query(sql)).values[0]?.[0]);
  }

  /** Deploys another assembly over the one that runs. */
  async deploy(assemblyDir: string): Promise<void> {
    await this.#stack?.close();
    this.#guard = createGuard(assemblyDir).check;
    this.#stack = await startStack({
      ...{
        assemblyDir,
        dataDir: this.#dataDir,
        services: this.services,
        speed: this.speed,
        now: this.clock.now,
      },
      secretValue: ({ generated }) => secretWithToken(generated),
      onEvent: (event) => this.#options.onEvent?.(event),
      onResult: () => undefined,
      isPaused: true,
      clockAhead: this.clock.aheadOf,
    });
  }

  async close(): Promise<void> {
    await this.#stack?.close();
    await this.#services?.close();
    await this.#vendor?.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { project, seed, speed, warehouseUrl } = this.#options;
    this.#vendor = await Vendor.start({ clock: this.clock, seed, port: project.port });
    this.#services = await startServices({
      ...{ dataDir: this.#dataDir, speed, now: this.clock.now, warehouseUrl },
      log: (message) => process.stderr.write(`${message}\n`),
      onCall: (call) => this.#guard?.(call),
      faults: this.hooks.faults,
    });
    await this.deploy(project.assembly);
  }

  #schedule(task: 'reconcile' | null): ScheduleDefinition {
    const isMeant = ({ input }: ScheduleDefinition): boolean => {
      const event: Partial<FeedEvent> = JSON.parse(input);
      return event.feed === FEED && (event.task ?? null) === task;
    };
    return there(this.stack.schedules.list().find(isMeant));
  }

  /** Every call passes here, before any fault. */
  #watch({ service, action, body, callerAccessKeyId }: ServiceCall): void {
    if (this.#stack === null || callerAccessKeyId !== this.part('producer').logicalId) return;
    if (service === 'kinesis' && action === 'PutRecords' && Array.isArray(body.Records))
      this.#sightings.put += body.Records.length;
    const values = body.ExpressionAttributeValues as { ':run'?: { S?: string } } | undefined;
    if (service === 'dynamodb' && values?.[':run']?.S !== undefined)
      this.#sightings.runs.add(values[':run'].S);
  }
}

function secretWithToken(generated: string | null): string {
  const value: unknown = generated === null ? null : JSON.parse(generated);
  if (typeof value !== 'object' || value === null || !('token' in value)) return generated ?? '';
  return JSON.stringify({ ...value, token: TOKEN, webhookSecret: WEBHOOK_SECRET });
}

function there<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('the stage has not been started');
  return value;
}
