/**
 * SNS as far as it is asked: Publish to a topic. It speaks the query protocol, forms in and XML out; whatever is published
 * stays here, nobody is written to.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type Permit } from './call.ts';
import type { Answer } from './emulator.ts';
import { escapedXml } from './xml.ts';

export interface Published {
  readonly topicArn: string;
  readonly subject: string | null;
  readonly message: string;
}

export interface Sns {
  /** In the order of their publication. */
  readonly published: readonly Published[];
  answer(body: Buffer, permit: Permit): Promise<Answer>;
}

const VERSION = '2010-03-31';

/** SNS counts the bytes of a message. */
const MAX_MESSAGE_BYTES = 262_144;

/** Fewer than 100 characters of ASCII in one line, which begin with none that is blank. */
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,98}$/;

export function startSns(): Sns {
  const published: Published[] = [];
  return {
    published,
    async answer(body, permit) {
      const form = new URLSearchParams(body.toString('utf8'));
      const { Action: action = '', Version: version, ...rest } = Object.fromEntries(form);
      if (action !== 'Publish' || version !== VERSION)
        throw new AwsError(
          'InvalidAction',
          `sns: ${action} of ${version} is not played by the local services`,
        );
      const { TopicArn: topicArn = '', Subject: subject = null, Message: message = '', ...unknown } = rest;
      const [extra] = Object.keys(unknown);
      if (extra !== undefined) throw invalid(`${extra} is not played by the local services`);
      if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(topicArn)) throw invalid('TopicArn');
      if (message === '') throw invalid('Empty message');
      if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalid('Message too long');
      if (subject !== null && !SUBJECT.test(subject)) throw invalid('Subject');
      await permit('Publish', { TopicArn: topicArn });
      published.push({ topicArn, subject, message });
      return xml('PublishResponse', `<PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult>`);
    },
  };
}

const invalid = (reason: string): AwsError =>
  new AwsError('InvalidParameter', `Invalid parameter: ${reason}`);

/** The answer that tells a client of an error. */
export function snsError({ code, message, status }: AwsError): Answer {
  const type = status < 500 ? 'Sender' : 'Receiver';
  const error = `<Error><Type>${type}</Type><Code>${escapedXml(code)}</Code><Message>${escapedXml(message)}</Message></Error>`;
  return { ...xml('ErrorResponse', error), status };
}

const xml = (root: string, inner: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(
    `<${root} xmlns="http://sns.amazonaws.com/doc/${VERSION}/">${inner}<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${root}>`,
  ),
});
