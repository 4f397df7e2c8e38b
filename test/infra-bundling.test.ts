/** A bundle, with the stand-ins in it, does what the packages do whose places they take. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundling } from '../infra/bundling.ts';
import { project } from './infra-stack.ts';

/** Calls every client that functions use, and follows no redirect. */
const program = `
  import axios from 'axios';
  import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
  import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
  import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
  import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
  import { NodeHttpHandler } from '@smithy/node-http-handler';
  const Data = Buffer.from('{}');
  await new DynamoDBClient().send(new GetItemCommand({ TableName: 't', Key: { feed: { S: 'f' } } }));
  await new FirehoseClient().send(new PutRecordBatchCommand({ DeliveryStreamName: 's', Records: [{ Data }] }));
  await new KinesisClient({ requestHandler: new NodeHttpHandler() })
    .send(new PutRecordsCommand({ StreamName: 's', Records: [{ Data, PartitionKey: 'p' }] }));
  await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: 's' }));
  const options = { maxRedirects: 0, proxy: false, validateStatus: null };
  const { status } = await axios.get(process.env.AWS_ENDPOINT_URL + '/elsewhere', options);
  console.log(status);
`;

async function bundle(): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'heimdallr-bundle-')), 'index.mjs');
  await build({
    stdin: { contents: program, resolveDir: project, loader: 'js' },
    outfile,
    ...bundling,
  });
  return outfile;
}

test('a bundle signs its calls with the credentials that Lambda puts into its environment', async () => {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const [, key = 'unsigned'] = /Credential=([^/]+)/.exec(request.headers.authorization ?? '') ?? [];
    const token = request.headers['x-amz-security-token'] ?? 'no token';
    calls.push(`${String(request.headers['x-amz-target'] ?? request.url)} ${key} ${String(token)}`);
    response.writeHead(request.method === 'GET' ? 302 : 200, {
      location: '/',
      'content-type': 'application/json',
    });
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  };

  const { stdout } = await promisify(execFile)(process.execPath, [await bundle()], { env: environment });
  server.close();

  expect(calls).toEqual([
    'DynamoDB_20120810.GetItem AKIDEXAMPLE session',
    'Firehose_20150804.PutRecordBatch AKIDEXAMPLE session',
    'Kinesis_20131202.PutRecords AKIDEXAMPLE session',
    'secretsmanager.GetSecretValue AKIDEXAMPLE session',
    '/elsewhere unsigned no token',
  ]);
  expect(stdout).toBe('302\n');
});
