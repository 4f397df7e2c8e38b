/** Asks everything that a deployment needs, and returns a finding for each. */
import type { FeedEvent } from '../../contract/feed.ts';
import type { Producer } from '../../contract/producer.ts';
import { literal } from '../../contract/redshift.ts';
import type { ResolvedInstallation } from '../../infra/read-installation.ts';
import type { Sql } from '../../warehouse/sql.ts';
import {
  isYetToCome,
  onBootstrap,
  onCaller,
  onConcurrency,
  onInstallation,
  onPermissions,
  onRecipients,
  onRegion,
  onStack,
  onToken,
  type Rights,
} from './checks.ts';
import { type Finding, missing, ok, unchecked } from './finding.ts';
import { networkNeeds, onQuotas, onReach } from './network/checks.ts';
import type { Ports, Token } from './ports.ts';

export interface Plan {
  readonly installation: ResolvedInstallation;
  readonly stack: string;
  /** What the functions of its template reserve. */
  readonly reserved: number;
  /** Firehose's addresses in a region; null where none are known. */
  readonly firehoseBlock: (region: string) => string | null;
  readonly now: Date;
}

/** What `npm start` runs has no account; its feeds are those of its schedules. */
export interface LocalPlan {
  readonly dataDir: string;
  readonly producers: readonly Producer[];
  readonly events: readonly FeedEvent[];
  readonly secret: (arn: string) => Promise<string>;
  readonly sql: Sql;
  readonly now: Date;
}

/** Whatever AWS does not answer is a finding, too. */
export async function preflight(plan: Plan, ports: Ports): Promise<readonly Finding[]> {
  const { installation, stack, reserved, firehoseBlock, now } = plan;
  const { feeds, warehouse } = installation;
  const region = await ports.region();
  const block = region === null ? null : firehoseBlock(region);
  const start = [onInstallation(installation), onRecipients(installation), onRegion(region, block)];
  if (region === null) return start;
  const caller = await asked('missing', 'credentials', async () => [onCaller(await ports.caller())]);
  // Without credentials every other question would get the same answer.
  if (caller.some(({ verdict }) => verdict === 'missing')) return [...start, ...caller];
  const bootstrap = await asked('unchecked', 'bootstrap', async () => [
    onBootstrap(await ports.status('CDKToolkit'), region),
  ]);
  let isDeployed = false;
  const own = await asked('unchecked', 'stack', async () => {
    const status = await ports.status(stack);
    isDeployed = !isYetToCome(status);
    return [onStack(stack, region, status)];
  });
  return [
    ...start,
    ...caller,
    ...bootstrap,
    ...own,
    ...(await asked('unchecked', 'concurrency', async () => [
      onConcurrency(reserved, await ports.concurrency(), isDeployed, region),
    ])),
    ...(await onNetwork(installation, isDeployed, region, ports)),
    ...(warehouse.mode === 'serverless'
      ? [
          ok('reachability', 'the stack makes it publicly accessible, for the block of Firehose alone'),
          onPermissions(installation, null),
        ]
      : [
          ...(block === null
            ? []
            : await asked('unchecked', 'reachability', async () =>
                onReach(warehouse, await ports.reach(warehouse), block, region),
              )),
          onPermissions(installation, await rightsIn(ports.warehouse(warehouse), warehouse.database)),
          ...(await asked('unchecked', 'Firehose user', async () => [
            firehoseUser(await ports.secret(warehouse.firehoseSecretArn)),
          ])),
        ]),
    ...(
      await Promise.all(
        feeds.map(({ feed, name, producer, baseUrl, settings }) =>
          asked('unchecked', `token ${feed}`, async () => {
            const secretName = `heimdallr/${producer.name}/${name}`;
            const question = { producer, baseUrl, settings, now };
            const state = await stateOf(await ports.secret(secretName), question, ports.ask);
            return [onToken({ feed, secretName, state }, `--stack ${stack} --region ${region}`)];
          }),
        ),
      )
    ).flat(),
  ];
}

/** A stack that is there has taken what it needs. */
async function onNetwork(
  installation: ResolvedInstallation,
  isDeployed: boolean,
  region: string,
  ports: Ports,
): Promise<readonly Finding[]> {
  const needs = networkNeeds(installation);
  if (isDeployed || Object.values(needs).every((count) => count === 0)) return [];
  return asked('unchecked', 'network', async () => onQuotas(needs, await ports.quotas(), region));
}

/** The findings, or the one that says why there are none. */
async function asked(
  verdict: Finding['verdict'],
  what: string,
  question: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await question();
  } catch (error) {
    return [{ verdict, what, words: error instanceof Error ? error.message : String(error) }];
  }
}

/** The same for a pipeline on this machine: its tokens and its warehouse can be asked. */
export async function localPreflight(plan: LocalPlan, ask: Ports['ask']): Promise<readonly Finding[]> {
  const { producers, events, secret, sql, now, dataDir } = plan;
  const findings: Finding[] = [unchecked('account', 'there is none: this pipeline runs on this machine')];
  findings.push(
    ...(await asked('missing', 'warehouse', async () => {
      await sql.query('select 1');
      return [
        ok('warehouse', 'it answers; Postgres stands in for Redshift, whose permissions it does not have'),
      ];
    })),
  );
  for (const { feed, baseUrl, settings, secretArn } of events) {
    const producer = producers.find(({ name }) => name === feed.split(':')[0]);
    if (producer === undefined) continue;
    const state = await stateOf(await secret(secretArn), { producer, baseUrl, settings, now }, ask);
    findings.push(
      onToken({ feed, secretName: `heimdallr/${feed.replace(':', '/')}`, state }, `--data ${dataDir}`),
    );
  }
  return findings;
}

/** What stands in a feed's secret until somebody has put a token in. */
const PLACEHOLDER = 'replace-me';

async function stateOf(
  secret: string | null,
  question: Omit<Parameters<Ports['ask']>[0], 'token'>,
  ask: Ports['ask'],
): Promise<Token['state']> {
  if (secret === null) return { kind: 'no secret' };
  const token = tokenIn(secret);
  if (token === null || token === '') return { kind: 'unreadable' };
  return token === PLACEHOLDER ? { kind: 'placeholder' } : ask({ ...question, token });
}

function tokenIn(secret: string): string | null {
  const text = secret.trim();
  if (!text.startsWith('{')) return text;
  try {
    const { token }: { readonly token?: unknown } = JSON.parse(text);
    return typeof token === 'string' ? token.trim() : null;
  } catch {
    return null;
  }
}

async function rightsIn(sql: Sql, database: string): Promise<Rights | { readonly problem: string }> {
  try {
    const [[user, schemas, users] = []] = await sql.query(
      `select usename::varchar(128), has_database_privilege(usename, ${literal(database)}, 'create'), usesuper from pg_user where usename = current_user`,
    );
    const isTrue = (value: string | null | undefined): boolean => value === 't' || value === 'true';
    return {
      ...{ user: user ?? 'the user', mayCreateSchemas: isTrue(schemas) },
      mayCreateUsers: isTrue(users) || (await mayByRole(sql)),
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Redshift lets whoever has these privileges through a role make users and change them; null where that cannot be read. */
const mayByRole = (sql: Sql): Promise<boolean | null> =>
  sql
    .query(
      "select count(distinct system_privilege) from svv_system_privileges where system_privilege in ('CREATE USER', 'ALTER USER') and identity_type = 'role' and user_is_member_of(current_user, identity_name)",
    )
    .then((rows) => Number(rows[0]?.[0]) === 2)
    .catch(() => null);

function firehoseUser(text: string | null): Finding {
  const what = 'Firehose user';
  if (text === null) return missing(what, 'there is no secret at warehouse.firehoseSecretArn');
  try {
    const { username, password }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof username === 'string' && typeof password === 'string')
      return ok(what, 'its secret holds a username and a password');
  } catch {
    // Told below: what stands there may be the password itself.
  }
  return missing(
    what,
    'the secret at warehouse.firehoseSecretArn must hold {"username": "…", "password": "…"}',
  );
}
