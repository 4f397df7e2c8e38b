/** The ranking in the template. */
import { expect, test } from 'vitest';
import { readInstallation } from '../infra/read-installation.ts';
import { existing, now, producers, TemplateUnderTest } from './infra-stack.ts';

const activity = { table: 'public.user_activity', userId: 'user_id', activeAt: 'active_at' };
const configured = { ...existing, feeds: [{ feed: 'alpha:web' }], activity, ranking: { everyHours: 12 } };
const template = new TemplateUnderTest(configured);
const fn = template.one('AWS::Lambda::Function', /^Ranking/);

test('the function is told the settings as the contract has them', () => {
  const { settings } = readInstallation(configured, producers, now).ranking;

  expect(JSON.parse(fn.Properties.Environment.Variables.RANKING_SETTINGS)).toEqual(settings);
});

test('it runs one at a time, at its own pace, once the tables are there', () => {
  const [[schema] = []] = template.all('Custom::HeimdallrSchema');
  const schedule = template.one('AWS::Scheduler::Schedule', /^Ranking/);
  const [target] = schedule.Properties.Target.Arn['Fn::GetAtt'];

  expect(fn.Properties.ReservedConcurrentExecutions).toBe(1);
  expect(fn.DependsOn).toContain(schema);
  expect(template.resources[target]).toBe(fn);
  expect(schedule.Properties.ScheduleExpression).toBe('rate(12 hours)');
});

test('it may run SQL as the owner of the tables, write its log, and no more', () => {
  const actions = template.statementsOf(fn).map(({ Action }) => [Action].flat().sort());

  expect(actions).toEqual(
    expect.arrayContaining([
      ['redshift-data:BatchExecuteStatement', 'redshift-data:ExecuteStatement'],
      ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
      ['secretsmanager:GetSecretValue'],
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ]),
  );
  expect(actions).toHaveLength(4);
});

test('with a warehouse that was there, the stack says which tables its user must be given', () => {
  const both = new TemplateUnderTest({
    ...configured,
    people: { table: 'crm.people', personId: 'hash', userId: 'id' },
  });

  expect(template.outputs.RankingGrants?.Value).toBe('grant select on public.user_activity to USER;');
  expect(both.outputs.RankingGrants?.Value).toBe(
    'grant select on public.user_activity to USER; grant select on crm.people to USER;',
  );
  expect(new TemplateUnderTest(existing).outputs.RankingGrants).toBeUndefined();
});

test('the stack says how to compute it at once', () => {
  const [name] = template.all('AWS::Lambda::Function').find(([, each]) => each === fn) ?? [];

  expect(template.outputs.RankingCommand?.Value).toEqual({
    'Fn::Join': [
      '',
      [
        'aws lambda invoke --region ',
        { Ref: 'AWS::Region' },
        ' --invocation-type Event --function-name ',
        { Ref: name },
        ' /dev/stdout',
      ],
    ],
  });
});
