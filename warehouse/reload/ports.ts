/**
 * What the function that loads skipped batches needs from outside, in AWS. It has a file of its own because nobody
 * else needs S3, whose client is as large as all others together.
 */
import { CopyObjectCommand, DeleteObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { realPorts } from '../ports.ts';
import type { Archive, ReloadPorts } from './reload.ts';

/** The ports, from the environment that the template gives the function. */
export function realReloadPorts(): ReloadPorts {
  const { ARCHIVE_BUCKET: bucket, COPY_ROLE_ARN: role } = process.env;
  if (bucket === undefined)
    throw new Error('the environment variable ARCHIVE_BUCKET must be set; the template sets it');
  const { sql, log, publish } = realPorts();
  const requestHandler = new NodeHttpHandler({
    ...{ connectionTimeout: 3_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
  // Path style: a bucket's own host name is nobody's on a laptop.
  const client = new S3Client({ requestHandler, forcePathStyle: true });
  return { sql, log, publish, archive: s3Archive(client, bucket), copyRoleArn: role ?? null };
}

/** A bucket of S3. */
export function s3Archive(client: S3Client, bucket: string): Archive {
  return {
    bucket,
    async *list(prefix) {
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client },
        { Bucket: bucket, Prefix: prefix },
      ))
        for (const { Key } of Contents) if (Key !== undefined) yield Key;
    },
    async move(from, to) {
      const CopySource = `${bucket}/${encodeURIComponent(from)}`;
      await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource }));
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: from }));
    },
  };
}
