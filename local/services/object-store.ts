/**
 * S3's objects as files: `<root>/<bucket>/<key>`, so that whoever looks at the data directory sees the bucket.
 *
 * The price is that `a` and `a/b` cannot both be keys; nothing here writes such a pair.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AwsError } from './call.ts';

export interface ObjectStore {
  createBucket(bucket: string): Promise<void>;
  /** Whole or not at all, also when the process is killed. */
  put(bucket: string, key: string, bytes: Uint8Array): Promise<void>;
  /** @throws {AwsError} NoSuchKey, NoSuchBucket */
  get(bucket: string, key: string): Promise<Buffer>;
  /** Objects whose key starts with the prefix, by key. */
  list(bucket: string, prefix: string): Promise<readonly StoredObject[]>;
  /** @throws {AwsError} NoSuchKey, NoSuchBucket */
  copy(from: ObjectName, to: ObjectName): Promise<void>;
  /** Does nothing when there is no such object. */
  delete(bucket: string, key: string): Promise<void>;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

/** `s3://bucket/key` in its parts. @throws {AwsError} when the text is no such address. */
export function parseS3Url(url: string): ObjectName {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(url) ?? [];
  if (bucket === undefined || key === undefined) {
    throw new AwsError('InvalidURI', `expected s3://bucket/key, got ${url.slice(0, 200)}`);
  }
  return { bucket, key };
}

export function openObjectStore(root: string): ObjectStore {
  const unfinished = join(root, '.unfinished');

  const pathOf = (bucket: string, key: string): string => {
    if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket) || !existsSync(join(root, bucket))) {
      throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${bucket}`, 404);
    }
    const parts = key.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..') || key.includes('\0')) {
      throw new AwsError('InvalidRequest', `the key ${JSON.stringify(key)} cannot be kept as a file`);
    }
    return join(root, bucket, ...parts);
  };

  const moveIn = async (
    bucket: string,
    key: string,
    fill: (path: string) => Promise<void>,
  ): Promise<void> => {
    const path = pathOf(bucket, key);
    const temporary = join(unfinished, randomUUID());
    await mkdir(unfinished, { recursive: true });
    await fill(temporary);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  };

  const existing = async (bucket: string, key: string): Promise<string> => {
    const path = pathOf(bucket, key);
    const found = await stat(path).catch(() => null);
    if (found?.isFile() !== true) {
      throw new AwsError('NoSuchKey', `The specified key does not exist: ${key}`, 404);
    }
    return path;
  };

  return {
    async createBucket(bucket) {
      await mkdir(join(root, bucket), { recursive: true });
    },
    put: (bucket, key, bytes) => moveIn(bucket, key, (path) => writeFile(path, bytes)),
    get: async (bucket, key) => readFile(await existing(bucket, key)),
    async list(bucket, prefix) {
      const folder = pathOf(bucket, 'x').slice(0, -2);
      const names = await readdir(folder, { recursive: true, withFileTypes: true });
      const objects: StoredObject[] = [];
      for (const name of names) {
        const path = join(name.parentPath, name.name);
        const key = path.slice(folder.length + 1);
        if (!name.isFile() || !key.startsWith(prefix)) continue;
        const { size, mtime } = await stat(path);
        objects.push({ key, size, modifiedAt: mtime });
      }
      return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async copy(from, to) {
      const path = await existing(from.bucket, from.key);
      await moveIn(to.bucket, to.key, (temporary) => copyFile(path, temporary));
    },
    async delete(bucket, key) {
      await rm(pathOf(bucket, key), { force: true });
    },
  };
}
