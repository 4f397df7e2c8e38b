/**
 * How far each shard of a stream has been handled, on disk.
 *
 * A checkpoint never passes a record that is not done with, so a crash repeats records and loses none. A stream
 * that was made anew has other sequence numbers: which stream it was is kept beside them.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject } from './json.ts';

export class Checkpoints {
  readonly #path: string;
  readonly #stream: string;
  readonly #shards: Map<string, string>;

  /**
   * Reads the file when there is one and it is about this very stream.
   * @param stream says which one: its name and the time of its creation.
   */
  constructor(path: string, stream: string) {
    this.#path = path;
    this.#stream = stream;
    this.#shards = new Map(read(path, stream));
  }

  /** Sequence number of the last record of the shard that is done with, and all before it. */
  last(shardId: string): string | undefined {
    return this.#shards.get(shardId);
  }

  save(shardId: string, sequenceNumber: string): void {
    this.#shards.set(shardId, sequenceNumber);
    mkdirSync(dirname(this.#path), { recursive: true });
    const text = JSON.stringify({
      stream: this.#stream,
      shards: Object.fromEntries(this.#shards),
    });
    // Renamed into place: a crash leaves the old file or the new one, never half of one.
    writeFileSync(`${this.#path}.new`, text);
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function read(path: string, stream: string): readonly [string, string][] {
  if (!existsSync(path)) return [];
  const saved: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(saved) || saved.stream !== stream || !isObject(saved.shards)) return [];
  return Object.entries(saved.shards).map(([shardId, number]) => [shardId, String(number)]);
}
