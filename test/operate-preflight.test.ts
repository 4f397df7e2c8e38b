/** What is missing before a deployment is told in words, and what was not asked is never called good. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firehoseBlock } from '../infra/firehose-block.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { lines } from '../operate/preflight/checks.ts';
import type { Reach } from '../operate/preflight/network/ports.ts';
import { ask, type Ports, type Token } from '../operate/preflight/ports.ts';
import { preflight } from '../operate/preflight/preflight.ts';
import rollbar from '../producers/rollbar/index.ts';
import { type Simulator, startSimulator } from '../producers/rollbar/simulator.ts';
import { existing, now, producers, serverless } from './infra-stack.ts';
import { openWarehouse } from './warehouse-world.ts';

/** A warehouse that Firehose gets through to. */
const reached: Reach = {
  endpoint: { host: 'analytics.abc123.eu-west-1.redshift.amazonaws.com', port: 5439 },
  ...{ isPublic: true, isRoutedThroughVpc: false, admitsLists: false },
  securityGroups: ['sg-1'],
  admitted: ['10.0.0.0/8', '52.19.239.192/27'],
};
const answered = (status: number, refusal: string | null = null): Token['state'] => ({
  ...{ kind: 'answered', status, refusal },
});

/** An account in which nothing is missing, unless it is changed. */
function account(change: Partial<Ports> = {}): Ports {
  return {
    region: async () => 'eu-west-1',
    caller: async () => ({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/somebody' }),
    status: async (stack) => (stack === 'Heimdallr' ? 'UPDATE_COMPLETE' : 'CREATE_COMPLETE'),
    concurrency: async () => ({ limit: 1000, unreserved: 950 }),
    quotas: async () => ({ vpcs: { used: 4, limit: 5 }, addresses: { used: 4, limit: 5 } }),
    reach: async () => reached,
    secret: async () => '{"token":"a-token","username":"u","password":"p"}',
    ask: async () => answered(200),
    warehouse: () => ({
      run: async () => undefined,
      query: async () => [['owner', 'true', 'true']],
    }),
    ...change,
  };
}

/** The pipeline's stack is in this state. */
const ofStack =
  (status: string | null): Ports['status'] =>
  async (stack) =>
    stack === 'Heimdallr' ? status : 'CREATE_COMPLETE';

async function findings(change: Partial<Ports> = {}, written: unknown = serverless) {
  const heard = { alarms: { email: ['on-call@example.com'] }, ...(written as object) };
  const installation = readInstallation(heard, producers, now);
  const plan = { installation, stack: 'Heimdallr', reserved: 13, firehoseBlock, now };
  return preflight(plan, account(change));
}

const said = async (...args: Parameters<typeof findings>): Promise<readonly string[]> =>
  lines(await findings(...args)).filter((line) => !line.startsWith('ok'));

describe('in an account', () => {
  test('where nothing is missing, nothing is', async () => {
    expect(await said()).toEqual([expect.stringMatching(/^unchecked +permissions .*first deployment$/)]);
    expect(await said({ status: ofStack(null) }, existing)).toEqual([]);
  });

  test.each<[string, Partial<Ports>, RegExp]>([
    ['no region', { region: async () => null }, /^missing +region .*give --region/],
    [
      'a region without Firehose’s block',
      { region: async () => 'xx-nowhere-1' },
      /^missing +region .*choose another/,
    ],
    [
      'no bootstrap',
      { status: async (stack) => (stack === 'CDKToolkit' ? null : 'UPDATE_COMPLETE') },
      /^missing +bootstrap .*npx cdk bootstrap/,
    ],
    [
      'a first deployment that failed',
      { status: ofStack('ROLLBACK_COMPLETE') },
      /^missing +stack .*delete-stack/,
    ],
    ['a deployment under way', { status: ofStack('UPDATE_IN_PROGRESS') }, /^missing +stack .*wait/],
    [
      'the quota of a new account',
      {
        status: ofStack(null),
        concurrency: async () => ({ limit: 10, unreserved: 10 }),
      },
      /^missing +concurrency .*reserve 13 of 10 .*L-B99A9384/,
    ],
    [
      'as many VPCs as there may be',
      {
        status: ofStack(null),
        quotas: async () => ({ vpcs: { used: 5, limit: 5 }, addresses: { used: 0, limit: 5 } }),
      },
      /^missing +VPC .*makes 1 VPC, and 5 of 5 are there.*--service-code vpc --quota-code L-F678F1CE --desired-value 10 --region eu-west-1\)/,
    ],
    [
      'as many addresses as there may be',
      {
        status: ofStack(null),
        quotas: async () => ({ vpcs: { used: 0, limit: 5 }, addresses: { used: 7, limit: 7 } }),
      },
      /^missing +Elastic IP .*7 of 7 are there.*L-0263D0A3/,
    ],
    [
      'quotas that may not be asked for',
      {
        status: ofStack(null),
        quotas: async () => {
          throw new Error('your credentials may not do this');
        },
      },
      /^unchecked +network +your credentials/,
    ],
    [
      'a placeholder in a secret',
      { secret: async () => '{"token":"replace-me","personKey":"k"}' },
      /^missing +token alpha:web .*nobody has put it in: npm run token -- --feed alpha:web --stack Heimdallr --region eu-west-1$/,
    ],
    [
      'nonsense in a secret',
      { secret: async () => '{"tokens":1}' },
      /^missing +token alpha:web .*must be the bare token/,
    ],
    [
      'a token that is refused',
      { ask: async () => answered(401) },
      /^missing +token alpha:web .*refuses it \(401\)/,
    ],
    [
      'a refusal in disguise',
      { ask: async () => answered(200, 'invalid token') },
      /^missing +token alpha:web .*invalid token/,
    ],
    [
      'settings that name nothing',
      { ask: async () => answered(404) },
      /^missing +token alpha:web .*not there/,
    ],
    [
      'a vendor that is away',
      { ask: async () => ({ kind: 'no answer', reason: 'TimeoutError' }) },
      /^unchecked +token alpha:web .*TimeoutError/,
    ],
    [
      'a secret that is not there yet',
      { secret: async () => null },
      /^unchecked +token alpha:web .*first deployment/,
    ],
    [
      'a question that may not be asked',
      {
        concurrency: async () => {
          throw new Error('your credentials may not do this');
        },
      },
      /^unchecked +concurrency +your credentials/,
    ],
  ])('tells of %s', async (_name, change, wanted) => {
    expect(await said(change)).toEqual(expect.arrayContaining([expect.stringMatching(wanted)]));
  });

  const reaching = (change: Partial<Reach> | null) => ({
    reach: async () => (change === null ? null : { ...reached, ...change }),
  });
  const workgroup = {
    ...existing,
    warehouse: {
      ...Object.fromEntries(
        Object.entries(existing.warehouse).filter(([name]) => name !== 'clusterIdentifier'),
      ),
      workgroupName: 'team',
      workgroupArn: 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/0',
    },
  };

  test.each<[string, Partial<Ports>, RegExp]>([
    ['is not there', reaching(null), /^missing +reachability .*no such thing.*the cluster analytics$/],
    ['is paused', reaching({ endpoint: null }), /^missing +reachability .*no endpoint: resume it/],
    [
      'is elsewhere',
      reaching({ endpoint: { host: 'other.example', port: 5439 } }),
      /^missing +reachability .*says analytics\.abc123.*:5439, and the cluster analytics is at other\.example:5439/,
    ],
    [
      'is private',
      reaching({ isPublic: false }),
      /^missing +reachability .*modify-cluster --region eu-west-1 --cluster-identifier analytics --publicly-accessible/,
    ],
    [
      'is routed through its VPC',
      reaching({ isRoutedThroughVpc: true }),
      /^missing +reachability .*--no-enhanced-vpc-routing/,
    ],
    [
      'admits a part of Firehose',
      reaching({ admitted: ['52.19.239.192/28', '52.19.239.224/27'] }),
      /^missing +reachability .*does not admit Firehose, .*--region eu-west-1 --group-id sg-1 --protocol tcp --port 5439 --cidr 52\.19\.239\.192\/27/,
    ],
    [
      'admits lists',
      reaching({ admitted: [], admitsLists: true }),
      /^unchecked +reachability +whether the prefix lists that sg-1 admits/,
    ],
    [
      'cannot be asked for',
      {
        reach: async () => {
          throw new Error('your credentials may not do this');
        },
      },
      /^unchecked +reachability +your credentials/,
    ],
  ])('tells of a warehouse that was there and %s', async (_name, change, wanted) => {
    expect(await said(change, existing)).toEqual([expect.stringMatching(wanted)]);
  });

  test('tells every fault of a workgroup that was there, and how to mend it', async () => {
    const found = await said(
      reaching({ isPublic: false, isRoutedThroughVpc: true, admitted: [], securityGroups: [] }),
      workgroup,
    );

    expect(found).toEqual([
      expect.stringMatching(
        /update-workgroup --region eu-west-1 --workgroup-name team --publicly-accessible$/,
      ),
      expect.stringMatching(
        /update-workgroup --region eu-west-1 --workgroup-name team --no-enhanced-vpc-routing$/,
      ),
      expect.stringMatching(/security groups: none.*--group-id GROUP/),
    ]);
  });

  test('says of a warehouse that admits everybody that this is more than it takes', async () => {
    const found = await findings(reaching({ admitted: ['0.0.0.0/0'] }), existing);

    expect(lines(found)).toContainEqual(
      expect.stringMatching(/^ok +reachability .*everybody \(0\.0\.0\.0\/0\), and Firehose alone is enough/),
    );
  });

  test('takes a right that comes through a role', async () => {
    const query = async (sql: string) =>
      sql.includes('svv_system_privileges') ? [['2']] : [['app', 'true', 'false']];

    expect(await said({ warehouse: () => ({ run: async () => undefined, query }) }, existing)).toEqual([]);
  });

  test.each<[string, RegExp]>([
    [
      'CREATE_FAILED',
      /did not end well.*delete-stack --stack-name Heimdallr --region eu-west-1\), then npx cdk deploy$/,
    ],
    ['ROLLBACK_FAILED', /did not end well/],
    ['UPDATE_FAILED', /rollback-stack --stack-name Heimdallr --region eu-west-1\), then npx cdk deploy$/],
    ['UPDATE_ROLLBACK_FAILED', /mend what they name, then .*continue-update-rollback/],
    ['DELETE_FAILED', /could not be deleted.*delete-stack --stack-name Heimdallr --region eu-west-1 again$/],
    ['IMPORT_ROLLBACK_FAILED', /read its events/],
  ])('says of a stack that is %s what to do, and never to delete one that works', async (status, wanted) => {
    const [line, ...others] = (await said({ status: ofStack(status) }, existing)).filter((each) =>
      each.includes(' stack '),
    );

    expect(others).toEqual([]);
    expect(line).toMatch(wanted);
    if (/^UPDATE|^IMPORT/.test(status)) expect(line).not.toContain('delete-stack');
  });

  test('a first deployment that failed, or was never executed, still has to fit into the quotas', async () => {
    for (const status of [
      'ROLLBACK_COMPLETE',
      'CREATE_IN_PROGRESS',
      'DELETE_FAILED',
      'REVIEW_IN_PROGRESS',
      null,
    ])
      expect(lines(await findings({ status: ofStack(status) })).join('\n')).toMatch(/^ok +VPC /m);
    expect(lines(await findings()).join('\n')).not.toMatch(/^ok +VPC /m);
    expect(await said({ status: ofStack('REVIEW_IN_PROGRESS') }, existing)).toEqual([]);
  });

  test('says when CDKToolkit is broken', async () => {
    const status: Ports['status'] = async (stack) =>
      stack === 'CDKToolkit' ? 'ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE';

    expect(await said({ status }, existing)).toEqual([
      expect.stringMatching(
        /^missing +bootstrap +stack CDKToolkit is ROLLBACK_COMPLETE.*delete-stack --stack-name CDKToolkit --region eu-west-1\), then npx cdk bootstrap$/,
      ),
    ]);
  });

  test('goes on when only the stacks may not be asked for', async () => {
    const status = async () => {
      throw new Error('your credentials may not do this');
    };
    const found = await said({ status, ask: async () => answered(401) });

    expect(found.filter((line) => /^unchecked +(bootstrap|stack) +your credentials/.test(line))).toHaveLength(
      2,
    );
    expect(found.join('\n')).toMatch(/^missing +token alpha:web/m);
  });

  test('says when nobody hears the alarms, and who does', async () => {
    const alarms = (chosen: object) => findings({}, { ...serverless, alarms: chosen });

    expect(lines(await alarms({})).join('\n')).toMatch(
      /^unchecked +alarms +neither alarms\.email nor alarms\.slack/m,
    );
    expect(
      lines(
        await alarms({
          email: ['a@example.com'],
          slack: { workspaceId: 'T0123ABCD', channelId: 'C0123ABCD' },
        }),
      ).join('\n'),
    ).toMatch(/^ok +alarms +1 recipient by mail, each of whom .*; the Slack channel C0123ABCD$/m);
  });

  test('asks nothing more without credentials', async () => {
    const refused = async () => {
      throw new Error('AWS takes no credentials of yours; log in');
    };

    expect(await said({ caller: refused })).toEqual([
      expect.stringMatching(/^missing +credentials .*log in$/),
    ]);
  });

  test.each<[string, Partial<Ports>, RegExp]>([
    [
      'may not make schemas',
      { warehouse: () => ({ run: async () => undefined, query: async () => [['app', 'false', 'true']] }) },
      /^missing +permissions .*grant create on database analytics to app/,
    ],
    [
      'whose roles cannot be read',
      {
        warehouse: () => ({
          run: async () => undefined,
          query: async (sql) => {
            if (sql.includes('svv_system_privileges')) throw new Error('there is no such view');
            return [['app', 'true', 'false']];
          },
        }),
      },
      /^unchecked +permissions +app may make schemas; whether a role/,
    ],
    [
      'may not make users',
      {
        warehouse: () => ({
          run: async () => undefined,
          query: async (sql) =>
            sql.includes('svv_system_privileges') ? [['1']] : [['app', 'true', 'false']],
        }),
      },
      /^missing +permissions .*create role heimdallr_owner; grant create user, alter user to role heimdallr_owner; grant role heimdallr_owner to app$/,
    ],
    [
      'cannot be asked',
      {
        warehouse: () => ({
          run: async () => undefined,
          query: async () => {
            throw new Error('it is paused');
          },
        }),
      },
      /^missing +permissions .*it is paused/,
    ],
    ['has no secret for Firehose', { secret: async () => null }, /^missing +Firehose user .*no secret/],
    [
      'has another secret for Firehose',
      { secret: async () => 'bare-password' },
      /^missing +Firehose user .*must hold/,
    ],
  ])('tells of a warehouse that was there and %s', async (_name, change, wanted) => {
    const found = await said(change, existing);

    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(wanted)]));
    expect(found.join()).not.toContain('bare-password');
  });

  test('what it asks a warehouse is SQL that both understand', async () => {
    const world = await openWarehouse();
    try {
      const found = await findings(
        { warehouse: () => world.sql },
        {
          ...existing,
          warehouse: { ...existing.warehouse, database: 'postgres' },
        },
      );

      expect(found.find(({ what }) => what === 'permissions')).toMatchObject({ verdict: 'ok' });
    } finally {
      await world.database.close();
    }
  });
});

describe('a vendor', () => {
  let vendor: Simulator;
  beforeAll(async () => {
    vendor = await startSimulator({
      occurrences: 10,
      seed: 1,
      sinceHours: 1,
      tokens: { 'a-good-token': ['read'] },
    });
  });
  afterAll(() => vendor.close());

  const question = (token: string, baseUrl = vendor.url) => ({
    ...{ producer: rollbar as never, baseUrl, token, now: new Date() },
    settings: { lookback_minutes: 10 },
  });

  test('is asked once with the token of the secret', async () => {
    expect(await ask(question('a-good-token'))).toEqual(answered(200));
    expect(await ask(question('a-bad-token'))).toMatchObject({ kind: 'answered', refusal: null });
    expect((await ask(question('a-bad-token'))) as object).not.toMatchObject({ status: 200 });
  });

  test('that is away is no verdict on the token', async () => {
    expect(await ask(question('a-good-token', 'http://127.0.0.1:9'))).toMatchObject({ kind: 'no answer' });
  });
});
