/**
 * CloudFormation as far as it is asked: DescribeStacks with a name, for the outputs. It speaks the query protocol, forms in
 * and XML out.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type Permit } from './call.ts';
import type { Answer } from './emulator.ts';
import { escapedXml } from './xml.ts';

/** A stack that is deployed. */
export interface PlayedStack {
  readonly id: string;
  readonly name: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface CloudFormation {
  register(stack: PlayedStack): void;
  answer(body: Buffer, permit: Permit): Promise<Answer>;
}

const VERSION = '2010-05-15';

export function startCloudFormation(now: () => Date): CloudFormation {
  const stacks: PlayedStack[] = [];
  const createdAt = now();
  return {
    register(stack) {
      stacks.push(stack);
    },
    async answer(body, permit) {
      const form = new URLSearchParams(body.toString('utf8'));
      const { Action: action = '', Version: version, ...rest } = Object.fromEntries(form);
      if (action !== 'DescribeStacks' || version !== VERSION)
        throw new AwsError(
          'InvalidAction',
          `cloudformation: ${action} of ${version} is not played by the local services`,
        );
      const { StackName: wanted, ...unknown } = rest;
      const [extra] = Object.keys(unknown);
      if (wanted === undefined || extra !== undefined)
        throw new AwsError(
          'ValidationError',
          `DescribeStacks is played with a StackName and nothing else, got ${extra ?? 'none'}`,
        );
      await permit('DescribeStacks', { StackName: wanted });
      const found = stacks.find(({ id, name }) => id === wanted || name === wanted);
      if (found === undefined)
        throw new AwsError('ValidationError', `Stack with id ${wanted} does not exist`);
      return xml(
        'DescribeStacksResponse',
        `<DescribeStacksResult><Stacks>${member(found)}</Stacks></DescribeStacksResult>`,
      );
    },
  };

  function member({ id, name, outputs }: PlayedStack): string {
    const pairs = Object.entries(outputs).map(
      ([key, value]) =>
        `<member><OutputKey>${escapedXml(key)}</OutputKey><OutputValue>${escapedXml(value)}</OutputValue></member>`,
    );
    return [
      `<member><StackName>${escapedXml(name)}</StackName><StackId>${escapedXml(id)}</StackId>`,
      `<CreationTime>${createdAt.toISOString()}</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>`,
      `<Outputs>${pairs.join('')}</Outputs></member>`,
    ].join('');
  }
}

/** The answer that tells a client of an error. */
export function queryError({ code, message, status }: AwsError): Answer {
  const type = status < 500 ? 'Sender' : 'Receiver';
  const error = `<Error><Type>${type}</Type><Code>${escapedXml(code)}</Code><Message>${escapedXml(message)}</Message></Error>`;
  return { ...xml('ErrorResponse', error), status };
}

const xml = (root: string, inner: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(
    `<${root} xmlns="http://cloudformation.amazonaws.com/doc/${VERSION}/">${inner}<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${root}>`,
  ),
});
