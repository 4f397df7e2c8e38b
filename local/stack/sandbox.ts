/**
 * One sandbox of a function: a worker thread with its own environment, memory limit and module cache.
 *
 * A thread and not a process: it starts in a tenth of the time, and its heap has a limit all the same. What V8
 * does not count in the heap (buffers above all) and the runtime itself are added up beside it, because Lambda
 * ends a sandbox by its resident memory.
 */
import { Worker } from 'node:worker_threads';
import type { FunctionError } from './events.ts';
import { isObject } from './json.ts';

export interface SandboxOptions {
  readonly functionName: string;
  /** Folder with the code, and the handler in it as `file.export`. */
  readonly codeDir: string;
  readonly handler: string;
  /** All of the environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Parts of the handler's context that are the same for every event. */
  readonly context: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** Called once, when the sandbox has ended. */
  readonly onEnd: () => void;
}

/** A handler's answer as JSON text, or what went wrong. */
export type Answer = { readonly payload: string } | { readonly error: FunctionError };

/** What the process around a thread takes: a function that does nothing reports about 65 MB, 10 of them heap. */
const RUNTIME_MB = 55;

/** V8 takes half as much again as it is given for the young generation. */
const YOUNG_MB = 16;
const YOUNG_LIMIT_MB = 24;

/** Milliseconds between two looks at a sandbox's memory. */
const SAMPLE_MS = 100;

/** Lambda gives a sandbox this long to load its code before the function's own time begins. */
const INIT_SECONDS = 10;

const MB = 1024 * 1024;

export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #worker: Worker;
  readonly #ready: Promise<Answer | null>;
  #settle: (answer: Answer) => void = () => {};
  #requestId = '';
  #death: FunctionError | null = null;
  #wasUsed = false;
  #memoryMb = RUNTIME_MB;

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.#worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      name: options.functionName,
      env: { ...options.environment },
      workerData: { codeDir: options.codeDir, handler: options.handler, context: options.context },
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(16, options.memoryMb - RUNTIME_MB - YOUNG_LIMIT_MB),
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
      stdout: true,
      stderr: true,
      execArgv: [],
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) splitLines(stream, options.onLine);
    this.#ready = new Promise((resolve) => {
      this.#settle = resolve;
      this.#worker.on('message', (message: unknown) => this.#hear(message, () => resolve(null)));
    });
    this.#worker.on('error', (error: Error & { code?: string }) =>
      this.#die(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? this.#outOfMemory() : this.#exit(error.message)),
    );
    this.#worker.on('exit', () => this.#die(this.#exit('Runtime exited without providing a reason')));
  }

  /** False once it was ended, by whatever: it cannot be used again. */
  get isAlive(): boolean {
    return this.#death === null;
  }

  /** False until its first event: that one waits until the code is loaded. */
  get wasUsed(): boolean {
    return this.#wasUsed;
  }

  /** The most memory seen, in MB. */
  get memoryMb(): number {
    return Math.ceil(this.#memoryMb);
  }

  /**
   * Hands one event to the function. One at a time: the caller sees to it.
   * @param clockAheadMs by which its clock is ahead meanwhile.
   */
  async run(requestId: string, event: string, clockAheadMs = 0): Promise<Answer> {
    const { timeoutSeconds } = this.#options;
    this.#requestId = requestId;
    this.#wasUsed = true;
    const failure = await this.#within(Math.max(INIT_SECONDS, timeoutSeconds), this.#ready);
    if (failure !== null) return failure;
    // It may have been killed since it got ready; nobody would answer any more.
    if (this.#death !== null) return { error: this.#death };
    const answered = new Promise<Answer>((resolve) => {
      this.#settle = resolve;
    });
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS);
    const deadline = Date.now() + timeoutSeconds * 1000;
    this.#worker.postMessage({ requestId, event, deadline, clockAheadMs });
    const answer = await this.#within(timeoutSeconds, answered);
    clearInterval(sampling);
    if (this.isAlive) await this.#sample();
    return answer;
  }

  /** Ends the sandbox at once, as a crash of its machine would. */
  kill(): void {
    this.#die(this.#exit('Runtime exited with error: signal: killed'));
  }

  async #within<T>(seconds: number, promise: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      const message = `Error: Task timed out after ${seconds.toFixed(2)} seconds`;
      this.#die(this.#fault('Sandbox.Timedout', message));
    }, seconds * 1000);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(message: unknown, onReady: () => void): void {
    if (!isObject(message)) return;
    if (message.kind === 'ready') onReady();
    else if (message.kind === 'done') this.#settle({ payload: String(message.payload) });
    else if (message.kind === 'failed') this.#settle({ error: errorOf(message.error) });
    else if (message.kind === 'died') this.#die(errorOf(message.error));
  }

  #die(error: FunctionError): void {
    if (this.#death !== null) return;
    this.#death = error;
    this.#options.onEnd();
    this.#settle({ error });
    void this.#worker.terminate();
  }

  async #sample(): Promise<void> {
    try {
      const { total_heap_size: heap, external_memory: external } = await this.#worker.getHeapStatistics();
      const memoryMb = RUNTIME_MB + (heap + external) / MB;
      this.#memoryMb = Math.max(this.#memoryMb, memoryMb);
      if (memoryMb > this.#options.memoryMb) this.#die(this.#outOfMemory());
    } catch {
      // It ended meanwhile; its exit says why.
    }
  }

  #outOfMemory(): FunctionError {
    this.#memoryMb = this.#options.memoryMb;
    return this.#fault('Runtime.OutOfMemory', 'Error: Runtime exited with error: signal: killed');
  }

  #exit(reason: string): FunctionError {
    return this.#fault('Runtime.ExitError', `Error: ${reason}`);
  }

  #fault(errorType: string, message: string): FunctionError {
    return { errorType, errorMessage: `RequestId: ${this.#requestId} ${message}`, trace: [] };
  }
}

function errorOf(value: unknown): FunctionError {
  const { errorType, errorMessage, trace } = isObject(value) ? value : {};
  return {
    errorType: String(errorType),
    errorMessage: String(errorMessage),
    trace: Array.isArray(trace) ? trace.map(String) : [],
  };
}

function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
