/**
 * The REST API of S3 over the object store, path style, as far as it is used. What is not is refused by name:
 * an ignored header could mean that something is overwritten here and not in AWS.
 */
import { createHash } from 'node:crypto';
import { AwsError, type Permit } from './call.ts';
import type { Answer } from './emulator.ts';
import { type ObjectName, type ObjectStore, parseS3Url, type StoredObject } from './object-store.ts';
import { escapedXml as escaped } from './xml.ts';

export interface S3Request {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const MAX_KEYS = 1000;

const UNUSED_HEADERS =
  /^(?:if-|range$|x-amz-meta-|x-amz-tagging|x-amz-copy-source-(?!expected)|x-amz-object-lock)/;

/** @throws {AwsError} as S3 would, or NotImplemented naming what is missing here. */
export async function answerS3(request: S3Request, store: ObjectStore, permit: Permit): Promise<Answer> {
  const url = new URL(request.url, 'http://s3');
  const [bucket = '', ...parts] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const key = parts.join('/');
  const unused = Object.keys(request.headers).find((name) => UNUSED_HEADERS.test(name));
  if (unused !== undefined) throw notImplemented(`the header ${unused}`);
  if (String(request.headers['content-encoding']).includes('aws-chunked')) {
    throw notImplemented('a body in aws-chunked encoding; send a string or a Buffer');
  }
  const operation = `${request.method} ${key === '' ? 'bucket' : 'object'}`;
  const name = { bucket, key };
  switch (operation) {
    case 'PUT object': {
      const source = request.headers['x-amz-copy-source'];
      return typeof source === 'string'
        ? copyObject(source, name, store, permit)
        : putObject(name, request.body, store, permit);
    }
    case 'GET object':
    case 'HEAD object':
      return getObject(name, request.method === 'HEAD', store, permit);
    case 'DELETE object':
      await permit('DeleteObject', { Bucket: bucket, Key: key });
      await store.delete(bucket, key);
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    case 'GET bucket':
      if (url.searchParams.get('list-type') === '2')
        return listObjects(bucket, url.searchParams, store, permit);
      throw notImplemented(`GET of a bucket with ${url.search || 'no query'}`);
    default:
      throw notImplemented(`${operation} ${url.search}`);
  }
}

/** The answer that tells an S3 client of an error. */
export function s3Error(error: AwsError): Answer {
  return {
    ...xml('Error', `<Code>${escaped(error.code)}</Code><Message>${escaped(error.message)}</Message>`),
    status: error.status,
  };
}

async function putObject(
  { bucket, key }: ObjectName,
  body: Buffer,
  store: ObjectStore,
  permit: Permit,
): Promise<Answer> {
  await permit('PutObject', { Bucket: bucket, Key: key });
  await store.put(bucket, key, body);
  return { status: 200, headers: { etag: etag(body) }, body: Buffer.alloc(0) };
}

async function copyObject(
  source: string,
  to: ObjectName,
  store: ObjectStore,
  permit: Permit,
): Promise<Answer> {
  const from = parseS3Url(`s3://${decodeURIComponent(source).replace(/^\//, '')}`);
  await permit('GetObject', { Bucket: from.bucket, Key: from.key });
  await permit('PutObject', { Bucket: to.bucket, Key: to.key });
  await store.copy(from, to);
  const body = await store.get(to.bucket, to.key);
  return xml('CopyObjectResult', `<ETag>${escaped(etag(body))}</ETag>`);
}

async function getObject(
  { bucket, key }: ObjectName,
  isHead: boolean,
  store: ObjectStore,
  permit: Permit,
): Promise<Answer> {
  await permit('GetObject', { Bucket: bucket, Key: key });
  const body = await store.get(bucket, key);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(body.length),
    etag: etag(body),
  };
  return { status: 200, headers, body: isHead ? Buffer.alloc(0) : body };
}

async function listObjects(
  bucket: string,
  query: URLSearchParams,
  store: ObjectStore,
  permit: Permit,
): Promise<Answer> {
  if (query.has('delimiter')) throw notImplemented('ListObjectsV2 with a delimiter');
  const prefix = query.get('prefix') ?? '';
  await permit('ListBucket', { Bucket: bucket, Prefix: prefix });
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const all = (await store.list(bucket, prefix)).filter(({ key }) => key > after);
  const page = all.slice(0, Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS));
  const isTruncated = page.length < all.length;
  return xml(
    'ListBucketResult',
    [
      `<Name>${escaped(bucket)}</Name><Prefix>${escaped(prefix)}</Prefix>`,
      `<KeyCount>${page.length}</KeyCount><MaxKeys>${MAX_KEYS}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>`,
      isTruncated ? `<NextContinuationToken>${escaped(page.at(-1)?.key ?? '')}</NextContinuationToken>` : '',
      ...page.map(listed),
    ].join(''),
  );
}

const listed = ({ key, size, modifiedAt }: StoredObject): string =>
  `<Contents><Key>${escaped(key)}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;

const xml = (root: string, inner: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${root}>`,
  ),
});

const etag = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

const notImplemented = (what: string): AwsError =>
  new AwsError('NotImplemented', `s3: ${what} is not played by the local services`, 501);
