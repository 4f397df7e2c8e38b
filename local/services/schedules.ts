/**
 * EventBridge Scheduler as far as it is asked: ListSchedules and GetSchedule. What fires them is the stack's.
 */
import { AwsError, type Permit } from './call.ts';
import type { Answer } from './emulator.ts';

/** A schedule as whoever asks sees it. */
export interface PlayedSchedule {
  readonly name: string;
  readonly group: string;
  readonly arn: string;
  /** As in `rate(1 minute)`. */
  readonly expression: string;
  readonly isEnabled: boolean;
  readonly targetArn: string;
  /** JSON text. */
  readonly input: string;
}

export interface Schedules {
  register(schedules: readonly PlayedSchedule[]): void;
  answer(method: string, url: string, permit: Permit): Promise<Answer>;
}

/** Scheduler answers at most this many at once. */
const MAX_RESULTS = 100;

const LIST_FILTERS = ['ScheduleGroup', 'NextToken', 'MaxResults'];

export function startSchedules(now: () => Date): Schedules {
  let known: readonly PlayedSchedule[] = [];
  const startedAt = now().getTime() / 1000;
  const dates = { CreationDate: startedAt, LastModificationDate: startedAt };

  const list = (query: URLSearchParams): Answer => {
    const unknown = [...query.keys()].find((name) => !LIST_FILTERS.includes(name));
    if (unknown !== undefined) throw notPlayed(`ListSchedules with ${unknown}`);
    const size = Number(query.get('MaxResults') ?? MAX_RESULTS);
    if (!Number.isInteger(size) || size < 1 || size > MAX_RESULTS)
      throw new AwsError('ValidationException', `MaxResults must be 1 to ${MAX_RESULTS}, got ${size}`);
    const group = query.get('ScheduleGroup');
    const after = query.get('NextToken') ?? '';
    const wanted = known
      .filter((schedule) => (group === null || schedule.group === group) && schedule.arn > after)
      .sort((one, other) => (one.arn < other.arn ? -1 : 1));
    const page = wanted.slice(0, size);
    const last = page.length < wanted.length ? page.at(-1)?.arn : undefined;
    return json({
      Schedules: page.map(({ targetArn, ...schedule }) => ({
        ...described(schedule),
        ...dates,
        Target: { Arn: targetArn },
      })),
      ...(last === undefined ? {} : { NextToken: last }),
    });
  };

  const get = (name: string, group: string): Answer => {
    const found = known.find((schedule) => schedule.name === name && schedule.group === group);
    if (found === undefined)
      throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
    const { expression, targetArn, input } = found;
    return json({
      ...described(found),
      ...dates,
      ScheduleExpression: expression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: targetArn, Input: input },
    });
  };

  return {
    register(schedules) {
      known = schedules;
    },
    async answer(method, url, permit) {
      const { pathname, searchParams: query } = new URL(url, 'http://scheduler');
      const [, encoded] = /^\/schedules\/([^/]+)$/.exec(pathname) ?? [];
      if (method === 'GET' && pathname === '/schedules') {
        await permit('ListSchedules', { GroupName: query.get('ScheduleGroup') ?? '*', Name: '*' });
        return list(query);
      }
      if (method !== 'GET' || encoded === undefined) throw notPlayed(`${method} ${url}`);
      const [Name, GroupName] = [decodeURIComponent(encoded), query.get('groupName') ?? 'default'];
      await permit('GetSchedule', { GroupName, Name });
      return get(Name, GroupName);
    },
  };
}

const described = ({ arn, name, group, isEnabled }: Omit<PlayedSchedule, 'targetArn'>): object => ({
  Arn: arn,
  Name: name,
  GroupName: group,
  State: isEnabled ? 'ENABLED' : 'DISABLED',
});

const json = (value: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});

const notPlayed = (what: string): AwsError =>
  new AwsError('UnknownOperationException', `scheduler: ${what} is not played by the local services`);
