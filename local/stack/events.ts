/**
 * What a running stack tells whoever watches it: plain data, one union, no payloads beyond a function's own log.
 */

/** What a function threw, as Lambda reports it to the caller. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  /** Lines of the stack; empty when the runtime itself ended. */
  readonly trace: readonly string[];
}

export type StackEvent =
  /** A line on a function's stdout or stderr. */
  | {
      readonly kind: 'log';
      readonly functionName: string;
      readonly line: string;
      /** The line as an object, when it is one in JSON. */
      readonly json: Readonly<Record<string, unknown>> | null;
    }
  /** A metric in CloudWatch's embedded format, found in a log line. */
  | {
      readonly kind: 'metric';
      readonly functionName: string;
      readonly namespace: string;
      readonly name: string;
      readonly unit: string;
      readonly values: readonly number[];
      readonly dimensions: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'invoked';
      readonly functionName: string;
      readonly requestId: string;
      readonly isCold: boolean;
      readonly durationMs: number;
      /** Heap, buffers and the runtime itself, in MB, as far as they were seen. */
      readonly memoryMb: number;
      readonly error: FunctionError | null;
    }
  /** A call that was turned away: all sandboxes that the function may have are busy. */
  | { readonly kind: 'throttled'; readonly functionName: string }
  /** A batch of a stream that a function has answered. */
  | {
      readonly kind: 'batch';
      readonly functionName: string;
      readonly shardId: string;
      readonly records: number;
      /** How many of them, counted from the first, are done with. */
      readonly handled: number;
    }
  /** Records given up by an event source mapping. */
  | {
      readonly kind: 'discarded';
      readonly functionName: string;
      readonly shardId: string;
      readonly records: number;
      readonly condition: DiscardCondition;
      /** Where they are kept; null when there is no destination, or it refused them: they are lost. */
      readonly keptAt: string | null;
    }
  | { readonly kind: 'poll_failed'; readonly shardId: string; readonly message: string }
  /** A schedule whose target cannot be called. */
  | { readonly kind: 'not_started'; readonly schedule: string; readonly message: string }
  /** A resource that was created, updated or started. */
  | { readonly kind: 'resource'; readonly logicalId: string; readonly type: string };

export type DiscardCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export type OnEvent = (event: StackEvent) => void;
