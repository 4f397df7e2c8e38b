/**
 * The log of a function: a file as CloudWatch would show it, and the same lines for whoever listens.
 *
 * Metrics travel in log lines (CloudWatch's embedded metric format), so they are found here.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { FunctionError, OnEvent, StackEvent } from './events.ts';
import { isObject, type JsonObject } from './json.ts';

/** How an event ended. */
export interface Ended {
  readonly requestId: string;
  readonly isCold: boolean;
  readonly durationMs: number;
  readonly memoryMb: number;
  readonly error: FunctionError | null;
}

export class FunctionLog {
  readonly #functionName: string;
  readonly #file: WriteStream;
  readonly #onEvent: OnEvent;
  #isClosed = false;

  constructor(dataDir: string, functionName: string, onEvent: OnEvent) {
    mkdirSync(join(dataDir, 'logs'), { recursive: true });
    this.#file = createWriteStream(join(dataDir, 'logs', `${functionName}.log`), { flags: 'a' });
    this.#functionName = functionName;
    this.#onEvent = onEvent;
  }

  /** A line that the function wrote. */
  line(line: string): void {
    // A sandbox that was ended may still have words on the way.
    if (this.#isClosed) return;
    this.#file.write(`${line}\n`);
    const json = parse(line);
    this.#onEvent({ kind: 'log', functionName: this.#functionName, line, json });
    if (json === null) return;
    for (const metric of metricsIn(json)) {
      this.#onEvent({ kind: 'metric', functionName: this.#functionName, ...metric });
    }
  }

  /** A line of Lambda itself. */
  platform(line: string): void {
    this.#file.write(`${line}\n`);
  }

  ended(ended: Ended, memorySize: number): void {
    const { requestId, error, durationMs, memoryMb } = ended;
    if (error !== null) this.platform(`${error.errorType}: ${error.errorMessage}`);
    this.platform(`END RequestId: ${requestId}`);
    this.platform(
      `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tMemory Size: ${memorySize} MB\tMax Memory Used: ${memoryMb} MB`,
    );
    this.#onEvent({ kind: 'invoked', functionName: this.#functionName, ...ended });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => this.#file.end(() => resolve()));
  }
}

function parse(line: string): JsonObject | null {
  if (!line.startsWith('{')) return null;
  try {
    const parsed: unknown = JSON.parse(line);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

type Metric = Omit<Extract<StackEvent, { kind: 'metric' }>, 'kind' | 'functionName'>;

/** Metrics of a line in the embedded metric format, each once, with its longest set of dimensions. */
function metricsIn(line: JsonObject): readonly Metric[] {
  const { CloudWatchMetrics: directives } = isObject(line._aws) ? line._aws : {};
  if (!Array.isArray(directives)) return [];
  return directives.filter(isObject).flatMap(({ Namespace, Dimensions, Metrics }): readonly Metric[] => {
    const sets: readonly unknown[] = Array.isArray(Dimensions) ? Dimensions : [];
    const names = sets.reduce<readonly unknown[]>(
      (longest, set) => (Array.isArray(set) && set.length > longest.length ? set : longest),
      [],
    );
    const dimensions = Object.fromEntries(names.map(String).map((name) => [name, String(line[name])]));
    return (Array.isArray(Metrics) ? Metrics : []).filter(isObject).map(({ Name, Unit }) => ({
      namespace: String(Namespace),
      name: String(Name),
      unit: String(Unit ?? 'None'),
      values: [line[String(Name)]].flat().map(Number),
      dimensions,
    }));
  });
}
