/**
 * Rollbar under the explorer: the real producer over the small vendor that its own tests have.
 *
 * Every saying is an occurrence, and its item changes with it, as items mostly do; what a person does to an item, and
 * what a late row does, shows in a round that takes hours and is not for here.
 */
import type { JsonValue } from '../../../contract/columns.ts';
import type { Http, Producer } from '../../../contract/producer.ts';
import type { Emitted } from '../../../contract/record.ts';
import rollbar from '../../../producers/rollbar/index.ts';
import { itemOf } from '../../../producers/rollbar/item.ts';
import { occurrenceOf } from '../../../producers/rollbar/occurrence.ts';
import { type Vendor, vendor } from '../../rollbar-vendor.ts';
import type { Said } from './schedule.ts';
import type { Asks, Fact, Source } from './source.ts';
import type { Timeline } from './time.ts';
import { START } from './vendor.ts';

const BEGINNING = START / 1000;

export class RollbarSource implements Source {
  readonly feed = 'rollbar:web';
  readonly #vendor: Vendor = vendor('H1');
  readonly #history = new Map<number, Emitted[]>();
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  say({ changed, text }: Said): void {
    const { rows, items } = this.#vendor;
    // Ids are in the order of time, but for rows that come late.
    const row = (changed + 1000) * 1000 + rows.length;
    const timestamp = BEGINNING + changed;
    const isLate = rows.some(({ id }) => id > row);
    const data = { environment: 'production', body: { message: { body: text } } };
    rows.push({ id: row, timestamp, visibleAt: Math.floor(this.#timeline.now / 1000), data });
    // The item of a late row is read when the next row comes, or in that round.
    if (isLate) return;
    // The small vendor groups by the id of the row.
    const group = 1000 + (row % 3);
    const index = items.findIndex((item) => item.id === group);
    const item = {
      id: group,
      project_id: 7,
      title: text,
      status: 'active',
      last_occurrence_timestamp: timestamp,
    };
    if (index === -1) items.push(item);
    else items[index] = item;
    this.#history.set(group, [...(this.#history.get(group) ?? []), itemOf(item)]);
  }

  producer(asks: Asks): Producer {
    const http: Http = {
      get: (path, query) => asks(() => this.#now().get(path, query)),
      stream: (path, query, array) => this.#stream(asks, path, query, array),
    };
    const over = {
      ...rollbar,
      poll: (context: Parameters<typeof rollbar.poll>[0]) => rollbar.poll({ ...context, http }),
    };
    return over as unknown as Producer;
  }

  async facts(): Promise<readonly Fact[]> {
    const rows: JsonValue[] = [];
    for await (const row of this.#now().stream('/api/1/instances', { limit: 5000 }, 'instances'))
      rows.push(row);
    const occurrences = rows.map(occurrenceOf).map((newest) => ({
      name: `occurrence ${String(newest.values.id)}`,
      newest,
      versions: [newest],
      isPoison: false,
    }));
    const items = this.#vendor.items.map((item) => ({
      name: `item ${String(item.id)}`,
      newest: itemOf(item),
      versions: this.#history.get(Number(item.id)) ?? [],
      isPoison: false,
    }));
    return [...occurrences, ...items];
  }

  #now(): Http {
    // Every request takes a second there.
    this.#vendor.clock = Math.floor(this.#timeline.now / 1000) - 1;
    return this.#vendor.http;
  }

  /** The answer arrives whole or not at all; what breaks off in the middle is tried where the body is read. */
  async *#stream(asks: Asks, ...[path, query, array]: Parameters<Http['stream']>): AsyncGenerator<JsonValue> {
    yield* await asks(async () => {
      const rows: JsonValue[] = [];
      for await (const row of this.#now().stream(path, query, array)) rows.push(row);
      return rows;
    });
  }
}
