/** The entry of the schema's function: the handler with its real ports. */
import { marts } from '../../.generated/marts.ts';
import { records } from '../../.generated/records.ts';
import { realPorts } from '../ports.ts';
import { createHandler } from './custom-resource.ts';

const { FIREHOSE_SECRET_ARN: firehoseSecretArn } = process.env;
if (firehoseSecretArn === undefined) throw new Error('FIREHOSE_SECRET_ARN must be set; the template sets it');

export const handler = createHandler(
  {
    types: records,
    marts,
    firehoseSecretArn,
    async answer(url, body) {
      // As bytes, because text would get a content type, and the address is signed for none.
      const request = { method: 'PUT', body: Buffer.from(body), signal: AbortSignal.timeout(10_000) };
      const { ok, status } = await fetch(url, request);
      if (!ok) throw new Error(`CloudFormation did not take the answer: status ${status}`);
    },
  },
  realPorts(),
);
