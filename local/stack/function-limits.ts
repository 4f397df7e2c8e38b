/** What Lambda refuses when a function is created, although a synth lets it pass. */
import type { FunctionDefinition } from './functions.ts';

/** Lambda's limit for all names and values together. */
const MAX_ENVIRONMENT_BYTES = 4096;

/** Variables that belong to the runtime: CreateFunction refuses them. */
const RESERVED =
  /^(?:_HANDLER|_X_AMZN_TRACE_ID|AWS_(?:DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(?:FUNCTION_(?:NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(?:GROUP|STREAM)_NAME|RUNTIME_API)|AWS_(?:ACCESS_KEY(?:_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN)|LAMBDA_(?:TASK_ROOT|RUNTIME_DIR))$/;

/** @throws {RangeError} naming the function and the limit. */
export function checkLimits({
  logicalId,
  environment,
  memoryMb,
  timeoutSeconds,
  runtime,
}: FunctionDefinition): void {
  const fail = (problem: string): never => {
    throw new RangeError(`${logicalId}: ${problem}`);
  };
  const bytes = Object.entries(environment).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key + value),
    0,
  );
  if (bytes > MAX_ENVIRONMENT_BYTES)
    fail(`its environment has ${bytes} bytes, Lambda takes ${MAX_ENVIRONMENT_BYTES}`);
  for (const name of Object.keys(environment)) {
    if (RESERVED.test(name)) fail(`the variable ${name} belongs to Lambda's runtime and cannot be set`);
  }
  if (memoryMb < 128 || memoryMb > 10_240) fail(`MemorySize must be 128 to 10240 MB, got ${memoryMb}`);
  if (timeoutSeconds < 1 || timeoutSeconds > 900)
    fail(`Timeout must be 1 to 900 seconds, got ${timeoutSeconds}`);
  if (!/^nodejs\d+\.x$/.test(runtime)) fail(`only Node.js functions run here, got the runtime ${runtime}`);
}
