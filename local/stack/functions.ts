/**
 * Lambda, as far as this stack uses it: functions from a cloud assembly, called as the service calls them.
 *
 * A function's sandboxes are warm or busy; one sandbox has one event at a time. A function sees its own
 * environment only, with its logical id as access key, so that the services can tell who calls. Timeouts are
 * those of the template whatever the speed: they bound real work.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { devNull } from 'node:os';
import {
  type AsyncConfig,
  type AsyncResult,
  type InvokeResult,
  invokeUntilDone,
} from './async-invocation.ts';
import type { Destinations } from './destinations.ts';
import type { OnEvent } from './events.ts';
import { checkLimits } from './function-limits.ts';
import { FunctionLog } from './function-log.ts';
import { Sandbox } from './sandbox.ts';

export type { AsyncResult, InvokeResult } from './async-invocation.ts';

/** A function as its template declares it. */
export interface FunctionDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly codeDir: string;
  /** `file.export` */
  readonly handler: string;
  /** As in `nodejs24.x` */
  readonly runtime: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Null: the function shares the account's concurrency. */
  readonly reservedConcurrency: number | null;
  readonly logGroupName: string;
  readonly asynchronous: AsyncConfig;
}

export interface FunctionsOptions {
  readonly dataDir: string;
  /** AWS_ENDPOINT_URL of every function. */
  readonly endpoint: string;
  readonly region: string;
  readonly speed: number;
  readonly now: () => Date;
  readonly destinations: Destinations;
  readonly onEvent: OnEvent;
  /** Milliseconds by which the clock of a function's machine is ahead. */
  readonly clockAhead?: ((functionName: string) => number) | undefined;
}

/** Sandboxes at once of a function without a reservation; AWS would go to a thousand, one machine cannot. */
const UNRESERVED_CONCURRENCY = 10;

interface Deployed {
  readonly definition: FunctionDefinition;
  readonly log: FunctionLog;
  readonly idle: Set<Sandbox>;
  readonly busy: Set<Sandbox>;
  /** Events in work; each ends with its lines in the log. */
  readonly running: Set<Promise<InvokeResult>>;
}

export class Functions {
  readonly #options: FunctionsOptions;
  readonly #deployed = new Map<string, Deployed>();
  readonly #stopping = new AbortController();

  constructor(options: FunctionsOptions) {
    this.#options = options;
    // Everything that waits listens to it; Node takes more than ten listeners for a leak.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** @throws {RangeError} when AWS would refuse the function. */
  deploy(definition: FunctionDefinition): void {
    checkLimits(definition);
    const { dataDir, onEvent } = this.#options;
    const log = new FunctionLog(dataDir, definition.name, onEvent);
    this.#deployed.set(definition.name, {
      definition,
      log,
      idle: new Set(),
      busy: new Set(),
      running: new Set(),
    });
  }

  /** All functions, in the order of their deployment. */
  list(): readonly FunctionDefinition[] {
    return [...this.#deployed.values()].map(({ definition }) => definition);
  }

  /** True when there is a function with this name, ARN or logical id. */
  exists(id: string): boolean {
    return this.list().some(({ name, arn, logicalId }) => [name, arn, logicalId].includes(id));
  }

  /** The function with this name, ARN or logical id. @throws {Error} when there is none. */
  find(id: string): FunctionDefinition {
    return this.#find(id).definition;
  }

  /**
   * Calls a function and waits for its answer.
   * @param id name, ARN or logical id
   */
  async invoke(id: string, event: unknown): Promise<InvokeResult> {
    const deployed = this.#find(id);
    const { definition, busy, running } = deployed;
    const limit = definition.reservedConcurrency ?? UNRESERVED_CONCURRENCY;
    if (this.#stopping.signal.aborted) return { status: 'throttled' };
    if (busy.size >= limit) {
      this.#options.onEvent({ kind: 'throttled', functionName: definition.name });
      return { status: 'throttled' };
    }
    const result = this.#run(deployed, JSON.stringify(event));
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  }

  /**
   * Calls a function as a schedule does: with its repeats, until it succeeds or is given up.
   * @param id name, ARN or logical id
   */
  invokeAsync(id: string, event: unknown): Promise<AsyncResult> {
    const { definition } = this.#find(id);
    const { destinations, speed, now } = this.#options;
    return invokeUntilDone(
      {
        invoke: () => this.invoke(definition.name, event),
        functionName: definition.name,
        functionArn: definition.arn,
        config: definition.asynchronous,
        destinations,
        speed,
        now,
        signal: this.#stopping.signal,
      },
      event,
    );
  }

  /** How many events a function is working on. */
  running(id: string): number {
    return this.#find(id).busy.size;
  }

  /** Ends all sandboxes of a function at once, as if their machine died. @returns how many were working. */
  kill(id: string): number {
    const { idle, busy } = this.#find(id);
    const working = busy.size;
    for (const sandbox of [...idle, ...busy]) sandbox.kill();
    idle.clear();
    return working;
  }

  /** Ends everything; an event in work fails. */
  async close(): Promise<void> {
    this.#stopping.abort();
    for (const { definition, running, log } of this.#deployed.values()) {
      this.kill(definition.name);
      await Promise.all(running);
      await log.close();
    }
  }

  async #run({ definition, log, idle, busy }: Deployed, event: string): Promise<InvokeResult> {
    // The one that was used last: what a function remembers is then of use, and the others can be forgotten.
    const sandbox = [...idle].at(-1) ?? this.#start(definition, log);
    idle.delete(sandbox);
    busy.add(sandbox);
    const requestId = randomUUID();
    const isCold = !sandbox.wasUsed;
    const startedAt = performance.now();
    log.platform(`START RequestId: ${requestId} Version: $LATEST`);
    const answer = await sandbox.run(requestId, event, this.#options.clockAhead?.(definition.name) ?? 0);
    busy.delete(sandbox);
    if (sandbox.isAlive) idle.add(sandbox);
    const error = 'error' in answer ? answer.error : null;
    const durationMs = performance.now() - startedAt;
    log.ended({ requestId, isCold, durationMs, memoryMb: sandbox.memoryMb, error }, definition.memoryMb);
    if ('error' in answer) return { status: 'failed', requestId, error: answer.error };
    return { status: 'ok', requestId, payload: JSON.parse(answer.payload) };
  }

  #find(id: string): Deployed {
    const found =
      this.#deployed.get(id) ??
      [...this.#deployed.values()].find(({ definition }) =>
        [definition.arn, definition.logicalId].includes(id),
      );
    if (found !== undefined) return found;
    throw new Error(`there is no function ${id}, only ${[...this.#deployed.keys()].join(', ')}`);
  }

  #start(definition: FunctionDefinition, log: FunctionLog): Sandbox {
    const logStreamName = `local/[$LATEST]${randomUUID().replaceAll('-', '')}`;
    const { logGroupName } = definition;
    const sandbox: Sandbox = new Sandbox({
      functionName: definition.name,
      codeDir: definition.codeDir,
      handler: definition.handler,
      memoryMb: definition.memoryMb,
      timeoutSeconds: definition.timeoutSeconds,
      environment: {
        ...definition.environment,
        ...this.#runtimeEnvironment(definition),
        AWS_LAMBDA_LOG_GROUP_NAME: logGroupName,
        AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
      },
      context: {
        functionName: definition.name,
        functionVersion: '$LATEST',
        invokedFunctionArn: definition.arn,
        memoryLimitInMB: String(definition.memoryMb),
        logGroupName,
        logStreamName,
      },
      onLine: (line) => log.line(line),
      onEnd: () => this.#find(definition.name).idle.delete(sandbox),
    });
    return sandbox;
  }

  /** The variables that Lambda's runtime sets. */
  #runtimeEnvironment(definition: FunctionDefinition): Record<string, string> {
    const { endpoint, region } = this.#options;
    return {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: definition.logicalId,
      AWS_SECRET_ACCESS_KEY: 'local',
      // Without these the SDK would read the settings of whoever runs this.
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: definition.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      LAMBDA_TASK_ROOT: definition.codeDir,
      _HANDLER: definition.handler,
    };
  }
}
