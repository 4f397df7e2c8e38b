/**
 * What must be there before a deployment, and what a person puts in after it, each judged from an answer.
 *
 * Nothing is guessed: what was not asked, or got no answer, is said to be unchecked.
 */
import type { ResolvedInstallation } from '../../infra/read-installation.ts';
import { many } from '../program.ts';
import { type Finding, missing, ok, unchecked } from './finding.ts';
import type { Caller, Token } from './ports.ts';

/** Lambda keeps so many of an account's concurrent executions for functions that reserve none. */
const UNRESERVED = 100;

export function onInstallation(installation: ResolvedInstallation): Finding {
  const { feeds, warehouse, freshnessMinutes } = installation;
  const kind =
    warehouse.mode === 'serverless' ? 'a Serverless warehouse of its own' : 'a warehouse that is there';
  return ok(
    'configuration',
    `${many(feeds.length, 'feed')}, ${kind}, a COPY every ${freshnessMinutes} minutes`,
  );
}

/** @param region null: none is known. @param block of Firehose there; null: none is known. */
export function onRegion(region: string | null, block: string | null): Finding {
  if (region === null) return missing('region', 'none is known: give --region, or set AWS_REGION');
  return block === null
    ? missing(
        'region',
        `Firehose has no block of addresses in ${region} that the CDK knows: a warehouse there cannot admit it; choose another region`,
      )
    : ok('region', `${region}, where Firehose comes from ${block}`);
}

export const onCaller = ({ account, arn }: Caller): Finding =>
  ok('credentials', `account ${account}, as ${arn}`);

/** @param status of the CDK's own stack; null: there is none. */
export function onBootstrap(status: string | null, region: string): Finding {
  if (status === null)
    return missing('bootstrap', 'the CDK has not been set up in this account and region: npx cdk bootstrap');
  return isWell(status)
    ? ok('bootstrap', `stack CDKToolkit is ${status}`)
    : missing(
        'bootstrap',
        `stack CDKToolkit is ${status}: ${toDo('CDKToolkit', region, status, 'npx cdk bootstrap')}`,
      );
}

/** @param status of the pipeline's stack; null: it is not deployed. */
export function onStack(stack: string, region: string, status: string | null): Finding {
  if (status === null) return ok('stack', `${stack} is not deployed yet`);
  return isWell(status)
    ? ok('stack', `${stack} is ${status}`)
    : missing('stack', `${stack} is ${status}: ${toDo(stack, region, status, 'npx cdk deploy')}`);
}

/** Whether a first deployment is still to come, or is not over: what it takes is not taken yet. */
export const isYetToCome = (status: string | null): boolean =>
  status === null ||
  status === 'ROLLBACK_COMPLETE' ||
  /^(?:REVIEW|CREATE|ROLLBACK|DELETE)_(?:IN_PROGRESS|FAILED)$/.test(status);

/** A first deployment that did not end well; CloudFormation changes such a stack no more. */
const BROKEN_AT_BIRTH: ReadonlySet<string> = new Set([
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'CREATE_FAILED',
]);

/** A change set that nobody executed is no hindrance. */
const isWell = (status: string): boolean =>
  status === 'REVIEW_IN_PROGRESS' || (status.endsWith('_COMPLETE') && !BROKEN_AT_BIRTH.has(status));

/** What to do about a stack in which nothing can be deployed. @param again the command that then deploys it. */
function toDo(stack: string, region: string, status: string, again: string): string {
  const aws = (command: string): string =>
    `aws cloudformation ${command} --stack-name ${stack} --region ${region}`;
  const events = `read its events (${aws('describe-stack-events')})`;
  if (status.endsWith('_IN_PROGRESS')) return 'wait until it is done';
  if (BROKEN_AT_BIRTH.has(status))
    return `its first deployment did not end well; ${events}, delete it (${aws('delete-stack')}), then ${again}`;
  if (status === 'UPDATE_FAILED')
    return `${events}, take the change back (${aws('rollback-stack')}), then ${again}`;
  if (status === 'UPDATE_ROLLBACK_FAILED')
    return `the change could not be taken back; ${events}, mend what they name, then ${aws('continue-update-rollback')}`;
  if (status === 'DELETE_FAILED')
    return `it could not be deleted; ${events}, then ${aws('delete-stack')} again`;
  return events;
}

/** Whether anybody is told when an alarm sounds. */
export const onRecipients = ({ alarms: { email, slack } }: ResolvedInstallation): Finding =>
  email.length === 0 && slack === null
    ? unchecked(
        'alarms',
        'neither alarms.email nor alarms.slack names anybody: they sound at two topics of SNS, to which somebody must subscribe',
      )
    : ok(
        'alarms',
        [
          ...(email.length === 0
            ? []
            : [`${many(email.length, 'recipient')} by mail, each of whom confirms one that SNS sends first`]),
          ...(slack === null ? [] : [`the Slack channel ${slack.channelId}`]),
        ].join('; '),
      );

/** @param needed what the functions reserve. @param quota null: the account does not say. */
export function onConcurrency(
  needed: number,
  quota: { readonly limit: number; readonly unreserved: number } | null,
  isDeployed: boolean,
  region: string,
): Finding {
  if (quota === null)
    return unchecked('concurrency', `the functions reserve ${needed} concurrent executions`);
  // Once it is deployed, what the account has left was counted without the functions of this stack.
  const free = isDeployed ? quota.unreserved : quota.unreserved - needed;
  const words = `the functions reserve ${needed} of ${quota.limit} concurrent executions`;
  return free >= UNRESERVED
    ? ok('concurrency', words)
    : missing(
        'concurrency',
        `${words}, and ${UNRESERVED} must stay free: ask for a higher quota (aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region ${region})`,
      );
}

/**
 * A feed's token, and what its vendor answered to one request with it.
 * @param where the pipeline is, in flags; null: it is just being put in.
 */
export function onToken({ feed, secretName, state }: Token, where: string | null): Finding {
  const fill = where === null ? 'give another' : `npm run token -- --feed ${feed} ${where}`;
  switch (state.kind) {
    case 'no secret':
      return unchecked(
        `token ${feed}`,
        `its secret ${secretName} is made by the first deployment; then ask again`,
      );
    case 'placeholder':
      return missing(`token ${feed}`, `nobody has put it in: ${fill}`);
    case 'unreadable':
      return missing(
        `token ${feed}`,
        `the secret ${secretName} holds no token: it must be the bare token or {"token": "…"}`,
      );
    case 'no answer':
      return unchecked(`token ${feed}`, `its vendor does not answer (${state.reason})`);
    case 'answered':
      return judged(feed, state.status, state.refusal, fill);
  }
}

function judged(feed: string, status: number, refusal: string | null, fill: string): Finding {
  const what = `token ${feed}`;
  if (refusal !== null) return missing(what, `its vendor refuses it: ${refusal}`);
  if (status === 401 || status === 403) return missing(what, `its vendor refuses it (${status}): ${fill}`);
  if (status === 404)
    return missing(
      what,
      'what the settings of the feed name is not there, or the token may not see it (404)',
    );
  if (status === 429) return unchecked(what, 'its vendor asks to wait (429)');
  return status < 400
    ? ok(what, `its vendor answers (${status})`)
    : unchecked(what, `its vendor answers ${status}`);
}

/** What the user that owns the tables may do; null: the warehouse was not asked. */
export interface Rights {
  readonly user: string;
  readonly mayCreateSchemas: boolean;
  /** Null: it is no superuser, and what its roles allow could not be read. */
  readonly mayCreateUsers: boolean | null;
}

export function onPermissions(
  { warehouse }: ResolvedInstallation,
  rights: Rights | { readonly problem: string } | null,
): Finding {
  if (rights === null) return unchecked('permissions', 'the warehouse is made by the first deployment');
  if ('problem' in rights) return missing('permissions', `the warehouse cannot be asked: ${rights.problem}`);
  const { user, mayCreateSchemas, mayCreateUsers } = rights;
  const lacks = [
    ...(mayCreateSchemas ? [] : [`grant create on database ${warehouse.database} to ${user}`]),
    ...(mayCreateUsers === false
      ? [
          `create role heimdallr_owner; grant create user, alter user to role heimdallr_owner; grant role heimdallr_owner to ${user}`,
        ]
      : []),
  ];
  if (lacks.length > 0)
    return missing(
      'permissions',
      `${user} may not make schemas and Firehose’s user; as an administrator: ${lacks.join('; ')}`,
    );
  return mayCreateUsers === null
    ? unchecked('permissions', `${user} may make schemas; whether a role lets it make users cannot be read`)
    : ok('permissions', `${user} may make schemas and users`);
}

/** Lines for a person. */
export const lines = (findings: readonly Finding[]): readonly string[] => {
  const width = Math.max(0, ...findings.map(({ what }) => what.length));
  return findings.map(({ verdict, what, words }) => `${verdict.padEnd(9)}  ${what.padEnd(width)}  ${words}`);
};
