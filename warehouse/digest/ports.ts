/**
 * Where a digest goes in AWS, from the environment that the template gives the function.
 */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { realPorts } from '../ports.ts';
import type { Destination, DigestPorts } from './digest.ts';

const PATIENCE_MS = 10_000;

export function realDigestPorts(): DigestPorts {
  const { sql, secret, log } = realPorts();
  const { TOPIC_ARN, SLACK_SECRET_ARN } = process.env;
  const client = new SNSClient({
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 3_000,
      requestTimeout: PATIENCE_MS,
      throwOnRequestTimeout: true,
    }),
  });
  return {
    ...{ sql, log },
    destinations: [
      ...(TOPIC_ARN === undefined ? [] : [snsTopic(client, TOPIC_ARN)]),
      ...(SLACK_SECRET_ARN === undefined ? [] : [slackWebhook(() => secret(SLACK_SECRET_ARN))]),
    ],
  };
}

export function snsTopic(client: SNSClient, topicArn: string): Destination {
  return {
    name: topicArn,
    async send({ subject, body }) {
      await client.send(
        new PublishCommand({ TopicArn: topicArn, Subject: mailSubject(subject), Message: body }),
      );
    },
  };
}

/** SNS takes up to 100 characters of ASCII, which begin with a letter, a digit or a punctuation mark. */
const mailSubject = (subject: string): string => subject.replace(/[^\x20-\x7e]/g, '?').slice(0, 99);

/**
 * An incoming webhook of Slack: whoever knows its address may post, so the address is a secret and no error names it.
 * @param address reads it.
 */
export function slackWebhook(address: () => Promise<string>): Destination {
  return {
    name: 'Slack',
    async send({ subject, body }) {
      const url = await address();
      if (!URL.canParse(url))
        throw new Error(
          'the secret must hold the address of an incoming webhook, as text; it holds something else',
        );
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: `*${escaped(subject)}*\n${escaped(body)}` }),
        // An address that moved is another one: what is sent there may be read by anybody.
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE_MS),
      }).catch((error: unknown) => {
        throw new Error(`no answer (${error instanceof Error ? error.name : 'unknown'})`);
      });
      if (response.status !== 200) {
        throw new Error(
          `answered ${response.status} ${(await response.text()).slice(0, 100)}, expected 200; make the webhook anew in Slack and put its address into the secret`,
        );
      }
    },
  };
}

/** Slack reads three characters as markup of its own. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
