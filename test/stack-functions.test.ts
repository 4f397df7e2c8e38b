/** Functions run as Lambda runs them: isolated, bounded, warm, and with their errors told apart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StackEvent } from '../local/stack/events.ts';
import { bench } from './stack-fixtures.ts';

const ofKind = <K extends StackEvent['kind']>(events: readonly StackEvent[], kind: K) =>
  events.filter((event): event is Extract<StackEvent, { kind: K }> => event.kind === kind);

const sleeper = `export const handler = async ({ ms }) => { await new Promise((r) => setTimeout(r, ms)); return ms; };`;

describe('an answer', () => {
  test('is what the handler returns, through JSON', async () => {
    const { functions, deploy } = bench();
    const { name } = deploy(
      `export const handler = async (event) => ({ ...event, when: new Date(0), not: undefined });`,
    );

    const result = await functions.invoke(name, { a: 1 });

    expect(result).toMatchObject({ status: 'ok', payload: { a: 1, when: '1970-01-01T00:00:00.000Z' } });
  });

  test('of a handler that returns nothing is null', async () => {
    const { functions, deploy } = bench();
    const { arn } = deploy(`export const handler = () => {};`);

    expect(await functions.invoke(arn, {})).toMatchObject({ status: 'ok', payload: null });
  });

  test('of a CommonJS bundle comes although the project is an ES module', async () => {
    const { functions, deploy } = bench();
    const { logicalId } = deploy(`exports.handler = async () => typeof require;`, {}, 'index.cjs');

    expect(await functions.invoke(logicalId, {})).toMatchObject({ status: 'ok', payload: 'function' });
  });
});

test('of two sandboxes that wait, the one that was used last gets the next event', async () => {
  const { functions, deploy } = bench();
  const { name } = deploy(
    `let calls = 0; export const handler = async (ms) => { calls += 1; await new Promise((r) => setTimeout(r, ms)); return calls; };`,
  );
  await Promise.all([functions.invoke(name, 100), functions.invoke(name, 1)]);

  const answers = [await functions.invoke(name, 1), await functions.invoke(name, 1)];

  expect(answers).toMatchObject([{ payload: 2 }, { payload: 3 }]);
});

test('a handler gets the context that Lambda gives', async () => {
  const { functions, deploy } = bench();
  const { name, arn } = deploy(
    `export const handler = async (_event, context) => ({ ...context, left: context.getRemainingTimeInMillis() <= 5000 });`,
    { name: 'poll' },
  );

  const result = await functions.invoke(name, {});

  expect(result).toEqual({
    status: 'ok',
    requestId: expect.any(String),
    payload: {
      functionName: 'poll',
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
      memoryLimitInMB: '256',
      logGroupName: '/aws/lambda/poll',
      logStreamName: expect.stringContaining('[$LATEST]'),
      awsRequestId: expect.any(String),
      callbackWaitsForEmptyEventLoop: true,
      left: true,
    },
  });
});

test('a function sees its own environment and nothing of whoever runs it', async () => {
  const { functions, deploy } = bench();
  const code = `process.env.LEAK = process.env.NAME; export const handler = async () => process.env;`;
  const one = deploy(code, { name: 'one', environment: { NAME: 'one', STREAM_NAME: 'facts' } });
  const two = deploy(`export const handler = async () => process.env;`, {
    name: 'two',
    environment: { NAME: 'two' },
  });

  const [first, second] = [await functions.invoke(one.name, {}), await functions.invoke(two.name, {})];

  const runtime = (id: string, name: string) => ({
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_CONFIG_FILE: expect.any(String),
    AWS_SHARED_CREDENTIALS_FILE: expect.any(String),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: expect.any(String),
    LAMBDA_TASK_ROOT: expect.any(String),
    _HANDLER: 'index.handler',
  });
  expect(first).toMatchObject({
    payload: { ...runtime('Logical1', 'one'), NAME: 'one', STREAM_NAME: 'facts', LEAK: 'one' },
  });
  expect(second).toMatchObject({ status: 'ok' });
  expect(second.status === 'ok' && second.payload).toEqual({ ...runtime('Logical2', 'two'), NAME: 'two' });
});

test('a sandbox is used again, and holds one event at a time', async () => {
  const { functions, deploy, events } = bench();
  const { name } = deploy(
    `let calls = 0; export const handler = async ({ ms }) => { await new Promise((r) => setTimeout(r, ms)); return ++calls; };`,
  );

  const together = await Promise.all([
    functions.invoke(name, { ms: 50 }),
    functions.invoke(name, { ms: 50 }),
  ]);
  const later = await functions.invoke(name, { ms: 0 });

  expect([...together, later].map((result) => result.status === 'ok' && result.payload)).toEqual([1, 1, 2]);
  expect(ofKind(events, 'invoked').map(({ isCold }) => isCold)).toEqual([true, true, false]);
});

test('more events at once than the reserved concurrency are throttled', async () => {
  const { functions, deploy } = bench();
  const { name } = deploy(sleeper, { reservedConcurrency: 1 });

  const results = await Promise.all([functions.invoke(name, { ms: 20 }), functions.invoke(name, { ms: 20 })]);

  expect(results.map(({ status }) => status)).toEqual(['ok', 'throttled']);
});

describe('a failure is reported as Lambda reports it', () => {
  test.each<[string, string, object]>([
    [
      'an error that is thrown',
      `class PollError extends Error { name = 'PollError' } export const handler = async () => { throw new PollError('no answer'); };`,
      {
        errorType: 'PollError',
        errorMessage: 'no answer',
        trace: expect.arrayContaining(['PollError: no answer']),
      },
    ],
    [
      'a value that is thrown',
      `export const handler = async () => { throw 'oh'; };`,
      { errorType: 'string', errorMessage: 'oh', trace: [] },
    ],
    [
      'code that does not load',
      `throw new RangeError('at load');`,
      { errorType: 'RangeError', errorMessage: 'at load', trace: expect.any(Array) },
    ],
    [
      'a handler that is not there',
      `export const other = 1;`,
      {
        errorType: 'Runtime.HandlerNotFound',
        errorMessage: 'index.handler is undefined or not exported',
        trace: expect.any(Array),
      },
    ],
    [
      'a handler with a callback',
      `export const handler = (event, context, callback) => callback(null, 1);`,
      {
        errorType: 'Runtime.CallbackHandlerDeprecated',
        errorMessage: expect.any(String),
        trace: expect.any(Array),
      },
    ],
    [
      'a rejection that nobody handles',
      `export const handler = async () => { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000)); };`,
      { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'lost', trace: expect.any(Array) },
    ],
    [
      'an exit',
      `export const handler = async () => process.exit(3);`,
      {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringMatching(
          /^RequestId: \S+ Error: Runtime exited without providing a reason$/,
        ),
        trace: [],
      },
    ],
  ])('%s', async (_what, code, error) => {
    const { functions, deploy } = bench();
    const { name } = deploy(code);

    const result = await functions.invoke(name, {});

    expect(result).toEqual({ status: 'failed', requestId: expect.any(String), error });
  });

  test('a package outside of the bundle is not found, although Node would find it in a folder above', async () => {
    const { functions, deploy, dataDir } = bench();
    mkdirSync(join(dataDir, 'node_modules', 'outside'), { recursive: true });
    writeFileSync(join(dataDir, 'node_modules', 'outside', 'index.js'), 'module.exports = 1;');
    const { name } = deploy(`import one from 'outside'; export const handler = async () => one;`);

    expect(await functions.invoke(name, {})).toMatchObject({
      status: 'failed',
      error: {
        errorType: 'Runtime.ImportModuleError',
        errorMessage: expect.stringContaining("Cannot find module 'outside'"),
      },
    });
  });

  test('a function that takes too long is ended, and the next event finds a new sandbox', async () => {
    const { functions, deploy } = bench({ speed: 1000 });
    const { name } = deploy(`export const handler = async ({ busy }) => { while (busy); return 'done'; };`, {
      timeoutSeconds: 1,
    });

    const results = [await functions.invoke(name, { busy: true }), await functions.invoke(name, {})];

    expect(results).toEqual([
      {
        status: 'failed',
        requestId: expect.any(String),
        error: {
          errorType: 'Sandbox.Timedout',
          errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/),
          trace: [],
        },
      },
      { status: 'ok', requestId: expect.any(String), payload: 'done' },
    ]);
  });

  const outOfMemory = {
    status: 'failed',
    requestId: expect.any(String),
    error: {
      errorType: 'Runtime.OutOfMemory',
      errorMessage: expect.stringMatching(
        /^RequestId: \S+ Error: Runtime exited with error: signal: killed$/,
      ),
      trace: [],
    },
  };

  test('a heap that outgrows the memory ends the sandbox', async () => {
    const { functions, deploy } = bench();
    const { name } = deploy(
      `export const handler = async () => { const all = []; for (;;) all.push({ id: String(all.length) }); };`,
      { memoryMb: 128, timeoutSeconds: 30 },
    );

    expect(await functions.invoke(name, {})).toEqual(outOfMemory);
  });

  test('buffers that outgrow the memory end the sandbox', async () => {
    const { functions, deploy } = bench();
    const { name } = deploy(
      `const all = []; export const handler = async () => { for (;;) { all.push(Buffer.alloc(4e6, 1)); await new Promise((r) => setTimeout(r, 5)); } };`,
      { memoryMb: 256, timeoutSeconds: 30 },
    );

    expect(await functions.invoke(name, {})).toEqual(outOfMemory);
  });

  test('a function that is killed fails, and can be called again', async () => {
    const { functions, deploy } = bench();
    const { name } = deploy(sleeper);
    await functions.invoke(name, { ms: 0 });

    const running = functions.invoke(name, { ms: 5000 });
    const killed = functions.kill(name);
    const results = [await running, await functions.invoke(name, { ms: 1 })];

    expect(killed).toBe(1);
    expect(results).toMatchObject([
      { status: 'failed', error: { errorType: 'Runtime.ExitError' } },
      { status: 'ok', payload: 1 },
    ]);
  });
});

test('what a function writes is in its log and told line by line, metrics apart', async () => {
  const { functions, deploy, events, log } = bench();
  const metric = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        {
          Namespace: 'Demo',
          Dimensions: [['service', 'feed']],
          Metrics: [{ Name: 'emitted', Unit: 'Count' }],
        },
      ],
    },
    service: 'poll',
    feed: 'a:b',
    emitted: [3],
  };
  const { name } = deploy(
    `export const handler = async () => {
      console.log(JSON.stringify({ level: 'INFO', message: 'hello' }));
      console.error('plain');
      process.stdout.write(${JSON.stringify(`${JSON.stringify(metric)}\n`)});
    };`,
  );

  await functions.invoke(name, {});
  await functions.close();

  expect(ofKind(events, 'log').map(({ json, line }) => json ?? line)).toEqual([
    { level: 'INFO', message: 'hello' },
    'plain',
    metric,
  ]);
  expect(ofKind(events, 'metric')).toEqual([
    {
      kind: 'metric',
      functionName: name,
      namespace: 'Demo',
      name: 'emitted',
      unit: 'Count',
      values: [3],
      dimensions: { service: 'poll', feed: 'a:b' },
    },
  ]);
  expect(log(name)).toEqual([
    expect.stringMatching(/^START RequestId: \S+ Version: \$LATEST$/),
    '{"level":"INFO","message":"hello"}',
    'plain',
    JSON.stringify(metric),
    expect.stringMatching(/^END RequestId: \S+$/),
    expect.stringMatching(
      /^REPORT RequestId: \S+\tDuration: \S+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB$/,
    ),
  ]);
});

describe('a function that AWS would refuse is refused', () => {
  test.each<[string, object, string]>([
    [
      'too large an environment',
      { environment: { A: 'x'.repeat(4096) } },
      'Logical1: its environment has 4097 bytes, Lambda takes 4096',
    ],
    [
      'a reserved variable',
      { environment: { AWS_REGION: 'x' } },
      "Logical1: the variable AWS_REGION belongs to Lambda's runtime and cannot be set",
    ],
    ['too little memory', { memoryMb: 64 }, 'Logical1: MemorySize must be 128 to 10240 MB, got 64'],
    ['too long a timeout', { timeoutSeconds: 901 }, 'Logical1: Timeout must be 1 to 900 seconds, got 901'],
    [
      'another language',
      { runtime: 'python3.14' },
      'Logical1: only Node.js functions run here, got the runtime python3.14',
    ],
  ])('%s', (_what, settings, message) => {
    const { deploy } = bench();

    expect(() => deploy('', settings)).toThrow(message);
  });
});

describe('an asynchronous invocation', () => {
  const failing = `let calls = 0; export const handler = async ({ failures }) => { calls += 1; if (calls <= failures) throw new Error('no'); return calls; };`;

  test('is repeated until the function succeeds', async () => {
    const { functions, deploy } = bench({ speed: 10_000 });
    const { name } = deploy(failing);

    expect(await functions.invokeAsync(name, { failures: 2 })).toEqual({
      status: 'ok',
      payload: 3,
      attempts: 3,
    });
  });

  test('is given up after its retries, and the event is kept where the configuration says', async () => {
    // Fast enough for the retries, and slow enough that six hours are not over before them on a busy machine.
    const { functions, deploy, buckets } = bench({ speed: 5_000 });
    const { name } = deploy(failing, {
      asynchronous: {
        maximumRetryAttempts: 1,
        maximumEventAgeSeconds: 21_600,
        onFailure: 'arn:aws:s3:::lost',
      },
    });

    const result = await functions.invokeAsync(name, { failures: 9 });

    const [[key, document] = ['', '']] = [...buckets.objects];
    expect(result).toEqual({
      status: 'failed',
      condition: 'RetriesExhausted',
      error: { errorType: 'Error', errorMessage: 'no', trace: expect.any(Array) },
      attempts: 2,
      keptAt: `s3://${key}`,
    });
    expect(key).toMatch(/^lost\/aws\/lambda\/async\/function-1\/2026\/11\/23\/2026-11-23T18\.30\.00-/);
    expect(JSON.parse(document)).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
      requestPayload: { failures: 9 },
      responsePayload: { errorType: 'Error', errorMessage: 'no' },
    });
  });

  test('waits while the function is busy, and is dropped when it is too old', async () => {
    const { functions, deploy } = bench({ speed: 1000 });
    const { name } = deploy(sleeper, {
      reservedConcurrency: 1,
      asynchronous: { maximumRetryAttempts: 0, maximumEventAgeSeconds: 60, onFailure: null },
    });

    const busy = functions.invoke(name, { ms: 400 });
    const dropped = await functions.invokeAsync(name, { ms: 1 });
    await busy;

    expect(dropped).toEqual({
      status: 'failed',
      condition: 'EventAgeExceeded',
      error: null,
      attempts: 0,
      keptAt: null,
    });
  });

  test('ends when the functions are closed', async () => {
    const { functions, deploy } = bench();
    const { name } = deploy(failing);

    const running = functions.invokeAsync(name, { failures: 9 });
    await functions.invoke(name, { failures: 0 });
    await functions.close();

    expect(await running).toMatchObject({ status: 'failed', condition: 'Stopped' });
  });
});
