/**
 * Where Lambda puts what it gives up: a document in a bucket, or a message in a queue.
 *
 * There is no queue service here and nothing of the stack reads one, so a queue is a file with one line a
 * message, for whoever looks.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Destinations {
  /**
   * Keeps a document. A bucket takes it under `key`.
   * @returns where it is kept, for a person to find it.
   * @throws {Error} when the destination does not take it.
   */
  send(arn: string, key: string, document: unknown): Promise<string>;
}

/** What is needed of S3. */
export interface Buckets {
  put(bucket: string, key: string, bytes: Uint8Array): Promise<void>;
}

export function createDestinations(buckets: Buckets, dataDir: string): Destinations {
  return {
    async send(arn, key, document) {
      const [, , service, , , ...rest] = arn.split(':');
      const name = rest.join(':');
      const body = JSON.stringify(document);
      if (service === 's3') {
        await buckets.put(name, key, Buffer.from(body));
        return `s3://${name}/${key}`;
      }
      if (service === 'sqs') {
        const path = join(dataDir, 'queues', `${name}.jsonl`);
        mkdirSync(join(dataDir, 'queues'), { recursive: true });
        appendFileSync(path, `${body}\n`);
        return path;
      }
      throw new Error(`a destination must be a bucket or a queue, got ${arn}`);
    },
  };
}

/** `2026/11/23/2026-11-23T18.30.00-<uuid>`: the end of the key under which Lambda keeps a document. */
export function datedKey(time: Date, uuid: string): string {
  const iso = time.toISOString();
  return `${iso.slice(0, 10).replaceAll('-', '/')}/${iso.slice(0, 19).replaceAll(':', '.')}-${uuid}`;
}
