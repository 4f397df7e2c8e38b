/** Nothing is lost of a project's pipelines, workflows and jobs, and the newest state of each arrives, wherever a run ends. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { seal } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import type { Page } from '../contract/producer.ts';
import type { Emitted } from '../contract/record.ts';
import { type Cursor, MAX_OPEN } from '../producers/circleci/cursor.ts';
import circleci from '../producers/circleci/index.ts';
import { job, jobOf } from '../producers/circleci/job.ts';
import { pipeline, pipelineOf } from '../producers/circleci/pipeline.ts';
import { answer, failure } from '../producers/circleci/simulator/api.ts';
import {
  type Job,
  jobBody,
  type Pipeline,
  type Project,
  pipelineBody,
  type Workflow,
  workflowBody,
} from '../producers/circleci/simulator/project.ts';
import { usage } from '../producers/circleci/usage.ts';
import { workflow, workflowOf } from '../producers/circleci/workflow.ts';
import { type Random, randomFor } from '../simulation/random.ts';
import { cursorOf, type InProcess, inProcess, merged, pollEveryMinute } from './vendor-in-process.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START_MS = Date.parse('2026-09-01T00:00:00Z');

interface Vendor extends InProcess {
  readonly project: Project;
}

const vendor = (project: Project): Vendor =>
  Object.assign(
    inProcess(START_MS, (asked) => answer(project, asked)),
    { project },
  );

function poll(self: Vendor, cursor: Cursor | null = null, words: string[] = []): AsyncIterable<Page<Cursor>> {
  return circleci.poll({
    ...{ http: self.http, cursor, settings: { project: self.project.slug, with_credits: true } },
    since: new Date(START_MS - 24 * HOUR),
    now: () => new Date(self.clock),
    log: (message) => words.push(message),
  });
}

async function pagesOf(
  self: Vendor,
  cursor: Cursor | null = null,
  words: string[] = [],
): Promise<Page<Cursor>[]> {
  const pages: Page<Cursor>[] = [];
  for await (const page of poll(self, cursor, words)) pages.push(page);
  return pages;
}

const recordsOf = (pages: readonly Page<Cursor>[], name: string): readonly Emitted[] =>
  pages.flatMap(({ records }) => records.filter(({ type }) => type.name === name));

const empty = (): Project => ({ slug: 'gh/example-org/shop', pipelines: [] });

let ids = 0;
const uuid = (): string => {
  ids += 1;
  return `${ids.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
};

function jobsFrom(startedMs: number, ...names: readonly string[]): readonly Job[] {
  return names.map((name, index) => ({
    ...{ id: uuid(), name, type: 'build', number: 81_000 + ids, ending: 'success', dependencies: [] },
    ...{ startedMs: startedMs + index * MINUTE, stoppedMs: startedMs + (index + 1) * MINUTE },
  }));
}

function workflowFrom(createdMs: number, change: Partial<Workflow> = {}): Workflow {
  const jobs = change.jobs ?? jobsFrom(createdMs, 'lint', 'test');
  const stoppedMs = Math.max(...jobs.map((one) => one.stoppedMs));
  return {
    ...{ id: uuid(), name: 'build', createdMs, stoppedMs, ending: 'success', isSetup: false, jobs },
    ...change,
  };
}

/** Adds a pipeline, created so many minutes after the start, with one workflow unless said otherwise. */
function addPipeline(project: Project, minute: number, change: Partial<Pipeline> = {}): Pipeline {
  const number = project.pipelines.length + 1;
  const createdMs = START_MS + minute * MINUTE;
  const added: Pipeline = {
    ...{
      id: uuid(),
      number,
      createdMs,
      visibleMs: createdMs,
      isErrored: false,
      branch: 'main',
      login: 'mvoss',
    },
    ...{ revision: number.toString(16).padStart(40, '0'), subject: `change ${number}` },
    workflows: [workflowFrom(createdMs)],
    ...change,
  };
  project.pipelines.push(added);
  return added;
}

const asJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** What the tables should hold at a time, credits aside. */
function truth({ project, clock }: Vendor): ReadonlyMap<string, Emitted['values']> {
  return merged(
    project.pipelines.flatMap((one) => [
      pipelineOf(asJson(pipelineBody(project, one))),
      ...one.workflows.flatMap((each) => {
        const body = asJson(workflowBody(project, one, each, clock));
        return [
          workflowOf(body),
          ...each.jobs.map((listed) => jobOf(asJson(jobBody(project, each, listed, clock)), body)),
        ];
      }),
    ]),
  );
}

function randomProject(random: Random, burst: number): Project {
  const project = empty();
  for (let minute = -1000; minute < 200; minute += random.integer(2, 60)) {
    const count = random.isChance(0.1) ? burst : 1;
    for (let n = 0; n < count; n += 1)
      addPipeline(project, minute, randomPipeline(random, START_MS + minute * MINUTE));
  }
  return project;
}

function randomPipeline(random: Random, createdMs: number): Partial<Pipeline> {
  if (random.isChance(0.05)) return { isErrored: true, workflows: [] };
  const workflows: Workflow[] = [];
  if (random.isChance(0.1)) workflows.push(workflowFrom(createdMs, { isSetup: true, name: 'setup' }));
  let at = workflows.at(-1)?.stoppedMs ?? createdMs;
  do {
    const jobs = jobsFrom(at, ...['lint', 'test', 'image'].slice(0, random.integer(1, 3)));
    const before = workflows.at(-1);
    const again = before !== undefined && random.isChance(0.5) ? before.jobs.slice(0, 1) : [];
    workflows.push(
      workflowFrom(at, { jobs: [...again, ...jobs], ending: random.pick(['success', 'failed']) }),
    );
    at = (workflows.at(-1)?.stoppedMs ?? at) + random.integer(1, 120) * MINUTE;
    // Older pipelines are looked at once a day only.
  } while (random.isChance(0.3) && at - createdMs < 4 * HOUR);
  const late = random.isChance(0.05) ? random.integer(1, 30) * MINUTE : 0;
  return { workflows, visibleMs: createdMs + late };
}

describe('polling every minute', () => {
  const histories = fc.record({ seed: fc.integer(), burst: fc.constantFrom(1, 30) });

  test('brings every pipeline, workflow and job in its newest state, whatever is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, burst }) => {
        const random = randomFor(seed, 'circleci');
        const self = vendor(randomProject(random, burst));

        const records = await pollEveryMinute({
          ...{ vendor: self, until: START_MS + 13 * HOUR, random: random.fraction },
          poll: (cursor: Cursor | null) => poll(self, cursor),
          onCursor: (cursor) => expect(JSON.stringify(cursor).length).toBeLessThan(4096),
        });

        expect(merged(records.filter(({ type }) => type !== usage))).toEqual(truth(self));
      }),
      { numRuns: 3 },
    );
  });
});

describe('a rerun', () => {
  test('after days is found, and its jobs with it', async () => {
    const project = empty();
    const again = START_MS + 30 * HOUR;
    const { workflows } = addPipeline(project, -60, {
      workflows: [workflowFrom(START_MS - HOUR, { ending: 'failed' }), workflowFrom(again)],
    });
    addPipeline(project, -30);
    const self = vendor(project);
    let cursor = cursorOf(await pagesOf(self));
    self.clock = again + HOUR;

    const pages = await pagesOf(self, cursor);
    cursor = cursorOf(pages);

    const found = recordsOf(pages, 'circleci_workflow').map(({ values }) => values.id);
    expect(found).toContain(workflows[1]?.id);
    expect(recordsOf(pages, 'circleci_job').map(({ values }) => values.workflow_id)).toContain(
      workflows[1]?.id,
    );
  });

  test('lists what it need not repeat under its old id: the row is another one', async () => {
    const project = empty();
    const first = workflowFrom(START_MS - HOUR, { ending: 'failed' });
    const kept = first.jobs.slice(0, 1);
    const second = workflowFrom(START_MS - 30 * MINUTE, {
      jobs: [...kept, ...jobsFrom(START_MS - 30 * MINUTE, 'test')],
    });
    addPipeline(project, -60, { workflows: [first, second] });

    const jobs = recordsOf(await pagesOf(vendor(project)), 'circleci_job');

    const same = jobs.filter(({ values }) => values.id === kept[0]?.id);
    expect(same.map(({ values }) => values.workflow_id).sort()).toEqual([first.id, second.id].sort());
  });
});

test('numbers of pipelines that are kept no longer are not asked for one by one', async () => {
  const project = empty();
  for (let n = 0; n < 3; n += 1) addPipeline(project, -100 + n, { number: 5000 + n });
  const self = vendor(project);

  const pages = await pagesOf(self);

  expect(recordsOf(pages, 'circleci_workflow')).toHaveLength(3);
  expect(pages.at(-1)?.isCaughtUp).toBe(true);
  expect(self.requests.filter(({ path }) => /pipeline\/\d+$/.test(path))).toHaveLength(10);
});

test.each([
  ['', (n: number) => n + 1, [178, 188, 188]],
  [', whatever gaps its numbers have', (n: number) => Math.floor(n / 9) * 18 + (n % 9) + 1, [350, 368, 368]],
])(
  'the looks back go on in a project so busy that the first never rests%s',
  async (_what, numberOf, next) => {
    const project = empty();
    const days = 8 * 24 * 60;
    for (let n = 0; n < 198; n += 1) addPipeline(project, days - 50 + n / 4, { number: numberOf(n) });
    const self = vendor(project);
    let cursor = cursorOf(await pagesOf(self));
    self.clock = START_MS + (days + 60) * MINUTE;

    for (let run = 0; run < 2; run += 1) cursor = cursorOf(await pagesOf(self, cursor));

    expect(cursor.looks.map(({ span }) => span?.[0])).toEqual(next);
  },
);

describe('what is open', () => {
  test('a pipeline that only has a setup workflow is followed until the real ones have ended', async () => {
    const project = empty();
    const setup = workflowFrom(START_MS - 5 * MINUTE, { isSetup: true });
    addPipeline(project, -5, { workflows: [setup, workflowFrom(START_MS + 3 * MINUTE)] });
    const self = vendor(project);
    const first = cursorOf(await pagesOf(self));
    self.clock += 10 * MINUTE;

    const last = cursorOf(await pagesOf(self, first));

    expect([first, last].map(({ open }) => open.length)).toEqual([1, 0]);
  });

  test('a thousand open workflows fit into the cursor, and the log says what is deferred', async () => {
    const project = empty();
    const jobs = jobsFrom(START_MS + 40 * HOUR, 'wait');
    for (let n = 0; n < 1000; n += 1)
      addPipeline(project, (n - 1000) / 10, { workflows: [workflowFrom(START_MS - n, { jobs })] });
    const self = vendor(project);
    const words: string[] = [];

    const cursor = cursorOf(await pagesOf(self, null, words));

    expect(cursor.open).toHaveLength(MAX_OPEN);
    expect(JSON.stringify(cursor).length).toBeLessThan(4096);
    expect(new Set(words)).toEqual(
      new Set([
        'more pipelines are open than are followed every minute; the oldest wait for the next look back',
      ]),
    );
  });

  test('a quiet project costs one request', async () => {
    const project = empty();
    addPipeline(project, -100);
    const self = vendor(project);
    const cursor = cursorOf(await pagesOf(self));
    self.requests.length = 0;

    await pagesOf(self, cursor);

    expect(self.requests.map(({ path }) => path)).toEqual(['/project/gh/example-org/shop/pipeline']);
  });
});

describe('credits', () => {
  test('are read once a day, for three days', async () => {
    const project = empty();
    addPipeline(project, -100);
    const self = vendor(project);

    const first = await pagesOf(self);
    const second = await pagesOf(self, cursorOf(first));
    self.clock += 25 * HOUR;
    const third = await pagesOf(self, cursorOf(second));

    const credits = [first, second, third].map((pages) =>
      recordsOf(pages, 'circleci_workflow_usage').map(({ values }) => values.credits_used),
    );
    expect(credits).toEqual([['1200'], [], ['1200']]);
  });

  test('a project without insights has no credits, and nothing else is missing', async () => {
    const project = empty();
    addPipeline(project, -100);
    const self = vendor(project);
    self.disturb = (path) => (path.startsWith('/insights') ? failure(404, 'Not found') : null);

    const pages = await pagesOf(self);

    expect(recordsOf(pages, 'circleci_workflow')).toHaveLength(1);
    expect(pages.at(-1)?.isCaughtUp).toBe(true);
  });
});

describe('an answer that cannot be trusted', () => {
  const page = (body: object) => ({ status: 200, headers: {}, body: JSON.stringify(body) });

  test.each([
    ['no list', '/pipeline', page({ message: 'hello' }), /expected a list items/],
    [
      'pipelines without a number',
      '/pipeline',
      page({ items: [{ id: 'x' }], next_page_token: null }),
      /has a number/,
    ],
    ['pages in a circle', '/workflow', page({ items: [], next_page_token: 'again' }), /do not end/],
  ])('%s', async (_what, ending, answered, words) => {
    const project = empty();
    addPipeline(project, -100);
    const self = vendor(project);
    self.disturb = (path) => (path.endsWith(ending) ? answered : null);

    await expect(pagesOf(self)).rejects.toThrow(words);
  });

  test('a project that is gone, or hidden, is no quiet project', async () => {
    const self = vendor(empty());
    self.disturb = () => failure(404, 'Project not found');

    await expect(pagesOf(self)).rejects.toMatchObject({ kind: 'not_found' });
  });
});

test('a GitHub App project says its commit among the parameters of the trigger', () => {
  const git = { branch: 'main', checkout_sha: 'abc', tag: '' };
  const { values } = pipelineOf({ id: 'x', number: 17, trigger_parameters: { git } });

  expect(values).toMatchObject({ git_sha: 'abc', branch: 'main', tag: null, number: '17' });
});

test.each([
  [
    'the lower of two limits',
    200,
    {
      'ratelimit-remaining': '0',
      'ratelimit-reset': '9',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '40',
    },
    40,
  ],
  ['a refusal that says when', 429, { 'retry-after': '7' }, 7],
  ['a refusal that says nothing', 429, {}, 30],
  ['an ordinary answer', 200, { 'ratelimit-remaining': '12', 'ratelimit-reset': '9' }, null],
])('the rate limit: %s', (_what, status, headers, seconds) => {
  expect(circleci.waitSeconds(headers, status)).toBe(seconds);
});

test('every record is one that the validator accepts', async () => {
  const self = vendor(randomProject(randomFor(3, 'records'), 5));
  self.clock = START_MS + 24 * HOUR;
  const validators = new Map(
    [pipeline, workflow, job, usage].map((type) => [type.name, compileValidator(type)]),
  );
  const origin = { feed: 'circleci:shop', run_id: 'run', seq: 1, observed_at: '2026-11-23T18:30:00.000Z' };
  const records = (await pagesOf(self)).flatMap((each) => each.records);

  const refused = records.filter(({ type, values }) => {
    const envelope = seal(type, conform(type, values, { mode: 'keep' }), origin);
    return validators.get(type.name)?.(envelope) !== true;
  });

  expect(new Set(records.map(({ type }) => type.name)).size).toBe(4);
  expect(refused).toEqual([]);
});
