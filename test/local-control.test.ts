/** What tells of a stack and starts its functions, asked by the real clients. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  paginateListSchedules,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  AwsError,
  type LocalServices,
  type PlayedSchedule,
  type ServiceCall,
  startServices,
} from '../local/services/index.ts';
import { rateText, readRate } from '../local/stack/scheduler.ts';

const NOW = new Date('2026-11-23T18:30:00Z');
const FUNCTION = 'arn:aws:lambda:eu-central-1:111111111111:function:poll';
const STACK = 'arn:aws:cloudformation:eu-central-1:111111111111:stack/Demo/0';

const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-control-'));
const calls: ServiceCall[] = [];
let refuseCall: (call: ServiceCall) => void = () => undefined;
let services: LocalServices;
/** Events that were sent without waiting. */
const started: unknown[] = [];

const schedule = (name: string, group = 'Demo-Clock'): PlayedSchedule => ({
  name,
  group,
  arn: `arn:aws:scheduler:eu-central-1:111111111111:schedule/${group}/${name}`,
  expression: 'rate(5 minutes)',
  isEnabled: name !== 'off',
  targetArn: FUNCTION,
  input: JSON.stringify({ feed: `shop:${name}`, text: 'é & <b>' }),
});

beforeAll(async () => {
  services = await startServices({
    dataDir,
    speed: 60,
    warehouseUrl: 'memory:',
    now: () => NOW,
    log: (message) => {
      throw new Error(message);
    },
    onCall(call) {
      calls.push(call);
      refuseCall(call);
    },
  });
  services.registerFunctions({
    exists: (name) => name === 'poll' || name === FUNCTION,
    async invoke(_name, event) {
      if (event === 'busy') return { status: 'throttled' };
      if (event === 'bad') return { status: 'failed', error: { errorType: 'Error', errorMessage: 'no' } };
      return { status: 'ok', payload: { got: event } };
    },
    async invokeAsync(name, event) {
      started.push([name, event]);
    },
    hasUrl: () => false,
  });
  services.registerStack(
    { id: STACK, name: 'Demo', outputs: { Bucket: 'archive', Note: '<a href="x">&</a>' } },
    [schedule('b'), schedule('a'), schedule('off'), schedule('other', 'default')],
  );
});

afterEach(() => {
  calls.length = 0;
  started.length = 0;
  refuseCall = () => undefined;
});

afterAll(async () => {
  await services.close();
  rmSync(dataDir, { recursive: true });
});

const client = () => ({
  endpoint: services.endpoint,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  maxAttempts: 1,
});

/** Name and words of the error in which a call ends. */
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('Lambda', () => {
  const invoke = (payload: string | Buffer, FunctionName = 'poll', InvocationType?: 'Event' | 'DryRun') =>
    new LambdaClient(client()).send(
      new InvokeCommand({
        FunctionName,
        Payload: Buffer.from(payload),
        ...(InvocationType === undefined ? {} : { InvocationType }),
      }),
    );

  test.each(['poll', FUNCTION])('%s is invoked, and what it answers comes back', async (name) => {
    const answer = await invoke('{"feed":"é"}', name);

    expect(answer.StatusCode).toBe(200);
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toEqual({ got: { feed: 'é' } });
    expect(calls.map(({ service, action, body }) => [service, action, body])).toEqual([
      ['lambda', 'InvokeFunction', { FunctionName: name }],
    ]);
  });

  test('an invocation as an event is accepted, and nobody waits for it', async () => {
    const answer = await invoke('{"feed":"a"}', 'poll', 'Event');

    expect(answer.StatusCode).toBe(202);
    expect(started).toEqual([['poll', { feed: 'a' }]]);
  });

  test('a function that fails is an answer that says so', async () => {
    const answer = await invoke('"bad"');

    expect([answer.StatusCode, answer.FunctionError]).toEqual([200, 'Unhandled']);
    expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toEqual({
      errorType: 'Error',
      errorMessage: 'no',
    });
  });

  test.each<[string, string, Promise<unknown> | (() => Promise<unknown>)]>([
    ['whose concurrency is used up', 'TooManyRequestsException: Rate Exceeded.', () => invoke('"busy"')],
    [
      'that does not exist',
      'ResourceNotFoundException: Function not found: nobody',
      () => invoke('{}', 'nobody'),
    ],
    ['with a payload that is no JSON', 'InvalidRequestContentException: Could not', () => invoke('{feed')],
    [
      'with more than it takes',
      'RequestTooLargeException: Request must be smaller than 6291456 bytes',
      () => invoke(JSON.stringify('x'.repeat(6 * 1024 * 1024))),
    ],
    [
      'in a way that is not played',
      'UnknownOperationException: lambda: POST',
      () => invoke('{}', 'poll', 'DryRun'),
    ],
  ])('a function %s is refused', async (_what, expected, call) => {
    expect(await refusal(typeof call === 'function' ? call() : call)).toContain(expected);
  });
});

describe('Scheduler', () => {
  const scheduler = () => new SchedulerClient(client());

  test('the schedules of a group are listed, page by page', async () => {
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListSchedules(
      { client: scheduler(), pageSize: 2 },
      { GroupName: 'Demo-Clock' },
    ))
      pages.push((page.Schedules ?? []).map(({ Name }) => Name));

    expect(pages).toEqual([['a', 'b'], ['off']]);
  });

  test('a schedule is listed without what it sends, and told with it', async () => {
    const { Schedules: [listed] = [] } = await scheduler().send(
      new ListSchedulesCommand({ GroupName: 'default' }),
    );
    const told = await scheduler().send(new GetScheduleCommand({ GroupName: 'default', Name: 'other' }));

    const { $metadata: _, ...about } = told;
    const known = schedule('other', 'default');
    const both = { Arn: known.arn, Name: 'other', GroupName: 'default', State: 'ENABLED' };
    expect(listed).toEqual({
      ...both,
      CreationDate: NOW,
      LastModificationDate: NOW,
      Target: { Arn: FUNCTION },
    });
    expect(about).toMatchObject({
      ...both,
      ScheduleExpression: 'rate(5 minutes)',
      Target: { Arn: FUNCTION, Input: known.input },
    });
  });

  test('a schedule that is not there, or in another group, is an error', async () => {
    const call = scheduler().send(new GetScheduleCommand({ GroupName: 'Demo-Clock', Name: 'other' }));

    expect(await refusal(call)).toBe('ResourceNotFoundException: Schedule other does not exist.');
  });

  test('a filter that is not played is refused by name', async () => {
    const call = scheduler().send(new ListSchedulesCommand({ State: 'ENABLED' }));

    expect(await refusal(call)).toContain('ListSchedules with State is not played');
  });

  test('a caller without the grant is refused', async () => {
    refuseCall = ({ service, action, body }) => {
      throw new AwsError('AccessDeniedException', `${service}:${action} ${JSON.stringify(body)}`, 403);
    };

    const call = scheduler().send(new GetScheduleCommand({ GroupName: 'default', Name: 'other' }));

    expect(await refusal(call)).toBe(
      'AccessDeniedException: scheduler:GetSchedule {"GroupName":"default","Name":"other"}',
    );
  });
});

describe('CloudFormation', () => {
  const describeStack = (StackName?: string) =>
    new CloudFormationClient(client()).send(
      new DescribeStacksCommand(StackName === undefined ? {} : { StackName }),
    );

  test.each(['Demo', STACK])('%s is told with its outputs', async (name) => {
    const { Stacks } = await describeStack(name);

    expect(Stacks).toEqual([
      {
        StackName: 'Demo',
        StackId: STACK,
        StackStatus: 'CREATE_COMPLETE',
        CreationTime: NOW,
        Outputs: [
          { OutputKey: 'Bucket', OutputValue: 'archive' },
          { OutputKey: 'Note', OutputValue: '<a href="x">&</a>' },
        ],
      },
    ]);
  });

  test('a stack that is not there is the error of CloudFormation', async () => {
    expect(await refusal(describeStack('Other & Co'))).toBe(
      'ValidationError: Stack with id Other & Co does not exist',
    );
  });

  test('a list of all stacks is not played', async () => {
    expect(await refusal(describeStack())).toContain('played with a StackName and nothing else');
  });

  test('a caller without the grant is refused', async () => {
    refuseCall = ({ service, action }) => {
      throw new AwsError('AccessDenied', `${service}:${action}`, 403);
    };

    expect(await refusal(describeStack('Demo'))).toBe('AccessDenied: cloudformation:DescribeStacks');
  });
});

test.each(['rate(1 minute)', 'rate(15 minutes)', 'rate(1 hour)', 'rate(36 hours)', 'rate(2 days)'])(
  '%s is told as it was written',
  (rate) => {
    expect(rateText(readRate(rate))).toBe(rate);
  },
);
