/**
 * One Rollbar project: receives reports, groups them, shows them.
 *
 * A report is received at once and processed later: its id and timestamp are those of the receipt, and neither
 * it nor its effect on the item can be seen before it is processed. Two habits of the vendor come from here: an
 * id can run ahead of its time, and a row can appear minutes after rows with higher ids.
 */

import { randomFor } from '../../../simulation/random.ts';
import { createDeploys, type Deploys } from './deploys.ts';
import { groupingOf } from './grouping.ts';
import { createIdClock } from './id-clock.ts';
import { createItems, type Items, single } from './items.ts';
import { createOccurrences, type Occurrence, type Occurrences, type Ordering } from './occurrences.ts';
import { clientUuid, levelOf, type Payload, stored, systemPayload } from './payload.ts';
import { createSchedule, type Schedule } from './schedule.ts';

export interface Habits {
  readonly projectId: number;
  readonly seed: number;
  readonly ordering: Ordering;
  /** Rows of which share are seen late, and how late at most; with share 0 every row is seen at once. */
  readonly late: { readonly fraction: number; readonly maxSeconds: number };
  /** How far an id can run ahead of its timestamp. */
  readonly inversionSeconds: number;
}

export interface Report {
  /** Called whenever the row is written, so it must give the same payload each time. */
  readonly compose: () => Payload;
  /** Milliseconds. */
  readonly at: number;
  readonly token: string | null;
  readonly visibleAt?: number | undefined;
}

export interface Received {
  /** Null for the second report with a uuid: it is dropped, and the client is not told. */
  readonly id: number | null;
  readonly uuid: string;
  readonly timestamp: number;
  readonly visibleAt: number;
}

export interface Project {
  readonly id: number;
  readonly schedule: Schedule;
  readonly occurrences: Occurrences;
  readonly items: Items;
  readonly deploys: Deploys;
  receive(report: Report): Received;
  /** Rollbar's own message to the project. */
  announce(message: string, environment: string, at: number): void;
  truth(now: number): Truth;
}

/** Everything the simulator holds, also what nobody can see yet. */
export interface Truth {
  readonly now: number;
  readonly project_id: number;
  readonly dropped: number;
  readonly occurrences: readonly TrueOccurrence[];
  readonly items: readonly Record<string, unknown>[];
  readonly deploys: readonly object[];
}

export interface TrueOccurrence {
  readonly id: number;
  readonly item_id: number | null;
  readonly timestamp: number;
  /** Milliseconds. */
  readonly visible_at: number;
  readonly uuid: string | null;
  readonly environment: string;
  readonly level: string;
}

/** Everyday processing takes this long, if rows are late at all. */
const PROCESSING_MS = 3_000;
/** Of so many rows the id runs ahead. */
const INVERTED = 0.2;

export function createProject(habits: Habits): Project {
  const { projectId, seed, late } = habits;
  const schedule = createSchedule();
  const occurrences = createOccurrences(habits.ordering);
  const items = createItems(projectId);
  const deploys = createDeploys(projectId);
  const nextId = createIdClock();
  const received: Occurrence[] = [];
  const uuids = new Map<string, Occurrence>();
  let dropped = 0;

  function delay(nth: number): number {
    if (late.fraction === 0) return 0;
    const random = randomFor(seed, 'delay', nth);
    if (random.isChance(late.fraction)) return random.integer(PROCESSING_MS, late.maxSeconds * 1000);
    return random.integer(0, PROCESSING_MS);
  }

  function idAt(ms: number, nth: number): number {
    const random = randomFor(seed, 'id', nth);
    const isAhead = random.isChance(INVERTED);
    return nextId(ms + (isAhead ? random.fraction() * habits.inversionSeconds * 1000 : 0));
  }

  function admit(occurrence: Occurrence, payload: () => Payload): void {
    received.push(occurrence);
    schedule.at(occurrence.visibleAt, () => {
      occurrence.itemId = items.record(occurrence, groupingOf(payload())).id;
      occurrences.add(occurrence);
    });
  }

  return {
    id: projectId,
    schedule,
    occurrences,
    items,
    deploys,
    receive({ compose, at, token, visibleAt }) {
      const nth = received.length + 1;
      const payload = compose();
      const uuid = clientUuid(payload) ?? randomFor(seed, 'uuid', nth).uuid();
      const earlier = uuids.get(uuid);
      if (earlier) {
        dropped += 1;
        return { id: null, uuid, timestamp: earlier.timestamp, visibleAt: earlier.visibleAt };
      }
      const occurrence: Occurrence = {
        id: idAt(at, nth),
        itemId: null,
        timestamp: Math.floor(at / 1000),
        visibleAt: visibleAt ?? at + delay(nth),
        uuid,
        environment: String(payload.environment),
        level: levelOf(payload),
        billable: 1,
        data: () => JSON.stringify(stored(compose(), { at, uuid, token, nth })),
      };
      uuids.set(uuid, occurrence);
      admit(occurrence, compose);
      return { id: occurrence.id, uuid, timestamp: occurrence.timestamp, visibleAt: occurrence.visibleAt };
    },
    announce(message, environment, at) {
      const payload = systemPayload(message, environment, at);
      const occurrence: Occurrence = {
        id: idAt(at, received.length + 1),
        itemId: null,
        timestamp: Math.floor(at / 1000),
        visibleAt: at,
        uuid: null,
        environment,
        level: levelOf(payload),
        billable: 0,
        data: () => JSON.stringify(payload),
      };
      admit(occurrence, () => payload);
    },
    truth: (now) => ({
      now,
      project_id: projectId,
      dropped,
      occurrences: received.map(({ id, itemId, timestamp, visibleAt, uuid, environment, level }) => ({
        ...{ id, item_id: itemId, timestamp, visible_at: visibleAt, uuid, environment, level },
      })),
      items: items.all().map(single),
      deploys: deploys.newestFirst().map((deploy) => ({ ...deploy })),
    }),
  };
}
