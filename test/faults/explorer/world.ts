/**
 * The pipeline with its real functions in a world of models: plays one schedule to its end.
 *
 * When the faults have stopped, the vendor says some more, what was given up is put back as a person would, and the
 * pipeline gets the time that it needs.
 */
import type { FeedEvent, RunSummary } from '../../../contract/feed.ts';
import { rejectedRecord } from '../../../contract/ledger.ts';
import type { FeedHandler } from '../../../producers/handler.ts';
import { anEvent, fakeFeeds } from '../../producer-fakes.ts';
import { Delivery } from './delivery.ts';
import {
  type Container,
  newLoader,
  newProducer,
  newTransform,
  type Surroundings,
  types,
  type Variant,
} from './functions.ts';
import { rowsOf } from './ledger.ts';
import { type Counts, Trouble } from './process.ts';
import { chances } from './random.ts';
import { RollbarSource } from './rollbar.ts';
import { FAULTS_MS, type Happening, type Said, type Schedule } from './schedule.ts';
import type { Fact } from './source.ts';
import { statementsOf } from './statements.ts';
import { Stream } from './stream.ts';
import { Timeline } from './time.ts';
import { Play, START } from './vendor.ts';
import { Warehouse } from './warehouse.ts';

/** What came of a schedule. */
export interface Played {
  /** What the vendor holds. */
  readonly facts: readonly Fact[];
  readonly warehouse: Warehouse;
  readonly delivery: Delivery;
  /** Summaries of the runs whose answer came. */
  readonly summaries: readonly RunSummary[];
  readonly counts: Counts;
  /** When the clock stopped, ms since 1970. */
  readonly end: number;
}

const steps = statementsOf(types);

const MINUTE = 60_000;
/** How long a function may run. */
const FUNCTION_MS = MINUTE;
const LOADER_MS = 2 * MINUTE;

/** Facts said after the faults: that the path is alive must show. */
const LATER: readonly Said[] = [
  { id: 1001, type: 'event', changed: FAULTS_MS / 1000 + 30, text: 'event 1001' },
  { id: 1002, type: 'item', changed: FAULTS_MS / 1000 + 30, text: 'state 0' },
];

/** Plays a schedule. @throws what the world itself throws; what the functions throw is part of the play. */
export async function play(schedule: Schedule, variant: Variant = {}): Promise<Played> {
  const timeline = new Timeline(START);
  const trouble = new Trouble(schedule, timeline);
  const random = chances(schedule.seed);
  const source = schedule.isRollbar ? new RollbarSource(timeline) : new Play();
  const warehouse = new Warehouse(timeline, trouble, steps, variant.isAutoCommit !== true);
  const delivery = new Delivery(timeline, trouble, warehouse);
  const feeds = fakeFeeds();
  const event = anEvent({ feed: source.feed });
  const walk = { name: 'past', since: '24h', again: true };
  const world: Surroundings = { timeline, trouble, random, source, feeds, delivery, warehouse, variant };
  const deadlineAfter = (milliseconds: number) => {
    const end = timeline.now + milliseconds;
    return { getRemainingTimeInMillis: () => end - timeline.now };
  };

  const stream = new Stream(timeline, trouble, (batch) => {
    const { process, handler } = newTransform(world);
    return trouble.invoke(process, FUNCTION_MS, () => handler(batch, deadlineAfter(FUNCTION_MS)));
  });

  const summaries: RunSummary[] = [];
  const clocks: number[] = [];
  const idle: Container<FeedHandler>[] = [];
  // How often the container that was used last is used again.
  const stickiness = random();
  let containers = 0;
  const addContainer = (): Container<FeedHandler> => {
    const index = containers;
    containers += 1;
    return newProducer(world, stream, () => clocks[index] ?? 0);
  };
  const poll = async (changes: Partial<FeedEvent> = {}): Promise<void> => {
    const which = random() < stickiness ? -1 : Math.floor(random() * idle.length);
    const [container = addContainer()] = idle.splice(which, 1);
    const { process, handler } = container;
    const ended = await trouble.invoke(process, FUNCTION_MS, () =>
      handler({ ...event, ...changes }, deadlineAfter(FUNCTION_MS)),
    );
    if (ended === 'died') return;
    idle.push(container);
    if ('answer' in ended) summaries.push(ended.answer);
    if ('answer' in ended && ended.answer.walk !== null) trouble.count('walk ended');
    trouble.count('answer' in ended ? `run ${ended.answer.outcome}` : 'run threw');
  };

  const load = async (): Promise<void> => {
    const { process, handler } = newLoader(world);
    const ended = await trouble.invoke(process, LOADER_MS, handler);
    if (ended !== 'died' && 'error' in ended) trouble.count('loader failed');
  };

  const started = { producer: poll, walk: () => poll({ walk }), loader: load };
  const happen = (happening: Happening): void => {
    if (happening.kind === 'timer') timeline.start(started[happening.of]);
    if (happening.kind === 'clock') clocks[happening.container] = happening.offBy;
    if (happening.kind === 'vendor') source.say(happening.said);
    if (happening.kind === 'foreign')
      stream.put({ data: Buffer.from(happening.text), partitionKey: 'foreign' });
  };
  const every = (milliseconds: number, from: number, until: number, work: () => Promise<void>): void => {
    for (let at = START + from; at < START + until; at += milliseconds)
      timeline.at(at, () => timeline.start(work));
  };
  for (const happening of schedule.happenings) {
    if ('at' in happening) timeline.at(START + happening.at, () => happen(happening));
  }
  every(schedule.everyMs, 1_000, FAULTS_MS, poll);
  every(MINUTE, FAULTS_MS + 1_000, FAULTS_MS + 5 * MINUTE, poll);
  every(2 * MINUTE, 90_000, FAULTS_MS + 5 * MINUTE, load);

  const afterFaults = (milliseconds: number, act: () => void): void =>
    timeline.at(START + FAULTS_MS + milliseconds, act);
  for (const said of LATER) afterFaults(30_000, () => source.say(said));
  afterFaults(2 * MINUTE, () => stream.redrive());
  afterFaults(6.5 * MINUTE, () => {
    for (const rows of delivery.manifests.splice(0)) timeline.start(() => warehouse.copy(rows));
  });
  afterFaults(7 * MINUTE, () => timeline.start(load));
  await timeline.run(START + FAULTS_MS + 8 * MINUTE);

  trouble.count('records rejected', rowsOf(warehouse.tables, rejectedRecord.name).length);
  const facts = await source.facts();
  return { facts, warehouse, delivery, summaries, counts: trouble.counts, end: timeline.now };
}
