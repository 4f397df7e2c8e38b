/**
 * A small vendor and its producer: facts that come late, several a second, and items that change in place.
 *
 * The listing is by the second of the last change. The producer reads on from there and, at every run, the last
 * half a minute again, which is longer than the vendor keeps a row to itself.
 */
import { integer, timestamp, varchar } from '../../../contract/columns.ts';
import { defineProducer, type Producer } from '../../../contract/producer.ts';
import { defineRecord, type Emitted, emit } from '../../../contract/record.ts';
import { LATEST_SECONDS, POISON, type Said } from './schedule.ts';
import type { Asks, Fact, Source } from './source.ts';

export const START = Date.parse('2026-11-23T12:00:00.000Z');

const instant = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

export const playEvent = defineRecord({
  name: 'play_event',
  version: 1,
  description: 'Something that happened once.',
  key: ['id'],
  occurredAt: 'happened_at',
  columns: {
    id: integer('Its number.'),
    happened_at: timestamp('When, UTC.'),
    text: varchar(40, 'What.'),
  },
});

/** Without the instant of its last change: an item that changes back is then the very record it was before. */
export const playItem = defineRecord({
  name: 'play_item',
  version: 1,
  description: 'Something that changes.',
  key: ['id'],
  occurredAt: 'created_at',
  columns: {
    id: integer('Its number.'),
    created_at: timestamp('When it was made, UTC.'),
    text: varchar(40, 'How it is now.'),
  },
});

/** Everything that the vendor has ever said, and what it says now. */
export class Play implements Source {
  readonly feed = 'play:web';
  /** By id, the newest last. */
  readonly #history = new Map<number, Said[]>();

  say(said: Said): void {
    const versions = this.#history.get(said.id) ?? [];
    versions.push(said);
    this.#history.set(said.id, versions);
  }

  producer(asks: Asks): Producer {
    const ask = (from: Place, limit: number) =>
      asks(() => {
        const said = this.#list(from, limit);
        return { records: said.map((each) => this.#recordOf(each)), last: said.at(-1) ?? null };
      });
    return playProducer(ask) as unknown as Producer;
  }

  async facts(): Promise<readonly Fact[]> {
    return [...this.#history.values()].flatMap((versions) => {
      const newest = versions.at(-1);
      if (newest === undefined) return [];
      return {
        name: `${newest.type} ${newest.id}`,
        newest: this.#recordOf(newest),
        versions: versions.filter((said) => !isPoison(said)).map((said) => this.#recordOf(said)),
        isPoison: isPoison(newest),
      };
    });
  }

  /** Facts as they are now, from a place in the order of their last change. */
  #list(from: Place, limit: number): readonly Said[] {
    const now = [...this.#history.values()].flatMap((versions) => versions.at(-1) ?? []);
    return now
      .filter(({ changed, id }) => changed > from.changed || (changed === from.changed && id > from.id))
      .sort((one, other) => one.changed - other.changed || one.id - other.id)
      .slice(0, limit);
  }

  /** The record of a version. An item was made when the vendor first spoke of it. */
  #recordOf(said: Said): Emitted {
    const { id, text } = said;
    const first = this.#history.get(id)?.[0] ?? said;
    return said.type === 'event'
      ? emit(playEvent, { id, happened_at: instant(said.changed), text })
      : emit(playItem, { id, created_at: instant(first.changed), text });
  }
}

const isPoison = ({ text }: Said): boolean => text === POISON;

/** A place in the vendor's order; nothing has the id 0. */
interface Place {
  readonly changed: number;
  readonly id: number;
}

/** Everything up to this second has been read, but for rows that come late. */
interface Cursor {
  readonly readTo: number;
}

const PAGE = 4;
const LOOK_BACK_SECONDS = 2 * LATEST_SECONDS;

function playProducer(
  ask: (from: Place, limit: number) => Promise<Listed>,
): Producer<Cursor, Record<never, never>> {
  return defineProducer({
    name: 'play',
    description: 'For the explorer.',
    records: [playEvent, playItem],
    baseUrl: 'http://127.0.0.1:1',
    secret: { description: 'Any text.', headers: () => ({}) },
    waitSeconds: () => null,
    refusal: () => null,
    settings: {},
    everyMinutes: 1,
    async *poll({ cursor }) {
      let readTo = cursor?.readTo ?? -LATEST_SECONDS;
      let place: Place = { changed: readTo - LOOK_BACK_SECONDS, id: 0 };
      for (;;) {
        const { records, last } = await ask(place, PAGE);
        if (last !== null) {
          place = last;
          readTo = Math.max(readTo, last.changed);
        }
        const isCaughtUp = records.length < PAGE;
        yield { records, cursor: { readTo }, isCaughtUp };
        if (isCaughtUp) return;
      }
    },
  });
}

/** A page of the vendor's list, and where it ends; null when it is empty. */
interface Listed {
  readonly records: readonly Emitted[];
  readonly last: Place | null;
}
