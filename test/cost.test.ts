/** The bill: that it follows from the template, that nothing is forgotten, and that docs/cost.md is what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource } from 'aws-cdk-lib';
import { afterAll, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { producers as declared } from '../.generated/producers.ts';
import { records } from '../.generated/records.ts';
import configuration from '../heimdallr.config.ts';
import { awakeShare } from '../infra/cost/awake.ts';
import { type Bill, billOf, usdOf } from '../infra/cost/bill.ts';
import { billsOf } from '../infra/cost/bills.ts';
import { costDocument } from '../infra/cost/document.ts';
import { CostUsageError, readOptions } from '../infra/cost/options.ts';
import { reportJson, reportLines } from '../infra/cost/report.ts';
import { wakersAt } from '../infra/cost/sleepless.ts';
import { synthesiser } from '../infra/cost/synthesise.ts';
import { resourcesOf } from '../infra/cost/template.ts';
import { timesOf, trafficOf } from '../infra/cost/traffic.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { build, existing, now, project, serverless } from './infra-stack.ts';

const context = {
  '@aws-cdk/core:validateAgainstDefaultRules': false,
  'aws:cdk:enable-path-metadata': true,
};
const synthesise = (written: unknown) => {
  const { app, stack } = build(written, {}, context);
  return { stack, template: app.synth().getStackByName(stack.stackName).template };
};
const { template } = synthesise(serverless);
const billed = (written: unknown, occurrences = 1_000_000): Bill =>
  billOf(synthesise(written).template, occurrences);
const typeUsd = ({ lines }: Bill, type: string): number =>
  lines.filter((line) => line.type === type).reduce((total, { usd }) => total + usd, 0);

describe('the bill', () => {
  test('adds up: it is the sum of its lines, and each line of its charges', () => {
    const bill = billOf(template, 1_000_000);

    const ofLines = bill.lines.reduce((total, { usd }) => total + usd, 0);
    const ofCharges = bill.lines.flatMap(({ charges }) => charges).reduce((total, { usd }) => total + usd, 0);

    expect(ofLines).toBeCloseTo(bill.usd, 9);
    expect(ofCharges).toBeCloseTo(bill.usd, 9);
    expect(bill.lines.map(({ id }) => id).sort()).toEqual(Object.keys(template.Resources).sort());
  });

  test('knows the figures that anybody can check by hand', () => {
    const bill = billOf(template, 0);

    // A shard is 0.015 USD an hour, and 0.02 more to keep a week; a month has 730 hours.
    expect(usdOf(bill, 'shardHour')).toBeCloseTo(10.95, 9);
    expect(usdOf(bill, 'extendedShardHour')).toBeCloseTo(14.6, 9);
    expect(usdOf(bill, 'natHour')).toBeCloseTo(32.85, 9);
    // Three feeds and two database users.
    expect(usdOf(bill, 'secret')).toBeCloseTo(2, 9);
    // A schedule of every minute starts 43,800 times.
    const starts = (path: string) => bill.lines.find((line) => line.path === path)?.charges[0]?.quantity;
    expect(starts('Feed-alpha-web/Schedule')).toBeCloseTo(0.0438, 9);
    expect(starts('Feed-beta-core/Reconciliation')).toBeCloseTo(0.00073, 9);
    // Not one COPY, and not one run of the loader, every 15 minutes is free: a minute each, at 8 RPU.
    expect(usdOf(bill, 'rpuHour')).toBeGreaterThanOrEqual((2 / 15) * 730 * 8 * 0.375);
  });

  test('has the warehouse awake for each COPY and for each run of a function that uses it', () => {
    const { wakers } = trafficOf(resourcesOf(template), 0);

    const everyQuarter = wakers.filter(({ times }) => times === 2_920);
    expect(everyQuarter.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['COPY of Delivery/Stream1', 60],
      ['loader', 60],
    ]);
    expect(wakers.filter(({ name }) => name === 'reload')).toEqual([]);
  });

  test('refuses a type of resource that has no price, by name', () => {
    const { app, stack } = build(serverless, {}, context);
    new CfnResource(stack, 'Forgotten', { type: 'AWS::MSK::Cluster', properties: {} });

    expect(() => billOf(app.synth().getStackByName(stack.stackName).template, 1)).toThrow(
      'no price for AWS::MSK::Cluster',
    );
  });

  test('follows the settings of the template', () => {
    const usual = billed(serverless);
    const half = billed({ ...serverless, warehouse: { ...serverless.warehouse, baseCapacityRpu: 4 } });
    const fresh = billed({ ...serverless, freshnessMinutes: 5 });
    const shards = billed({ ...serverless, streamShards: 3 });
    const streams = billed({ ...serverless, deliveryStreams: 2 });
    const gateways = billed({ ...serverless, network: { natGateways: 2 } });

    expect(usdOf(half, 'rpuHour')).toBeCloseTo(usdOf(usual, 'rpuHour') / 2, 9);
    const hour = 8 * 0.375;
    const added = (bill: Bill): number => (usdOf(bill, 'rpuHour') - usdOf(usual, 'rpuHour')) / hour;
    // COPY and loader a third as far apart; one COPY more.
    expect(added(fresh)).toBeCloseTo(730 * (2 / 5 - 2 / 15), 9);
    expect(added(streams)).toBeCloseTo(730 / 15, 9);
    expect(usdOf(shards, 'shardHour')).toBeCloseTo(usdOf(usual, 'shardHour') * 3, 9);
    expect(usdOf(gateways, 'natHour')).toBeCloseTo(usdOf(usual, 'natHour') * 2, 9);
    expect(usdOf(gateways, 'natGb')).toBeCloseTo(usdOf(usual, 'natGb'), 9);
  });

  test('never has a workgroup awake for more than the month', () => {
    const bill = billed({ ...serverless, freshnessMinutes: 1, deliveryStreams: 5 });

    expect(bill.awake).toBe(1);
    expect(usdOf(bill, 'rpuHour')).toBeCloseTo(730 * 8 * 0.375, 9);
  });

  test('leaves out a warehouse that is not the stack’s own, and says so', () => {
    const bill = billed(existing);

    expect(usdOf(bill, 'rpuHour')).toBe(0);
    expect(bill.awake).toBeGreaterThan(0);
    expect(reportLines([{ freshnessMinutes: 15, bill }]).join('\n')).toContain('not on this bill');
  });

  test('bills a Firehose record by 5 KB', () => {
    const quiet = billOf(template, 0);
    const busy = billOf(template, 100_000_000);
    const sent = trafficOf(resourcesOf(template), 100_000_000).bytes;

    // A batch every half minute, each a record of 5 KB although a few poll pages are far less.
    expect(usdOf(quiet, 'firehoseGb')).toBeCloseTo(((87_600 * 5120) / 1e9) * 0.029, 9);
    // Packed records waste next to nothing.
    expect(usdOf(busy, 'firehoseGb')).toBeLessThan(((sent * 1.05) / 1e9) * 0.029);
    expect(usdOf(busy, 'firehoseGb')).toBeGreaterThanOrEqual((sent / 1e9) * 0.029);
  });

  test('counts an alarm by the metrics that it reads', () => {
    const { app, stack } = build(serverless, {}, context);
    const stat = (id: string) => ({ Id: id, MetricStat: { Stat: 'Sum', Period: 60, Metric: {} } });
    new CfnResource(stack, 'Plain', { type: 'AWS::CloudWatch::Alarm', properties: { MetricName: 'Errors' } });
    new CfnResource(stack, 'Reckoned', {
      type: 'AWS::CloudWatch::Alarm',
      properties: { Metrics: [{ Id: 'e', Expression: 'a/b' }, stat('a'), stat('b')] },
    });

    const bill = billOf(app.synth().getStackByName(stack.stackName).template, 0);

    const alone = billOf(template, 0);
    const added = typeUsd(bill, 'AWS::CloudWatch::Alarm') - typeUsd(alone, 'AWS::CloudWatch::Alarm');
    expect(added).toBeCloseTo(0.3, 9);
  });

  test('reads rates and the crons of days, and guesses nothing else', () => {
    const schedule = (ScheduleExpression: string) =>
      timesOf({ id: 'S', type: '', path: '', properties: { ScheduleExpression } });

    expect(schedule('rate(1 minute)')).toBe(43_800);
    expect(schedule('rate(6 hours)')).toBeCloseTo(730 / 6, 9);
    expect(schedule('cron(15 3 * * ? *)')).toBeCloseTo(730 / 24, 9);
    expect(schedule('cron(0/15 * * * ? *)')).toBe(2_920);
    expect(schedule('cron(0 3 ? * MON,THU *)')).toBeCloseTo((2 / 7) * (730 / 24), 9);
    expect(() => schedule('cron(0 3 1 * ? *)')).toThrow('expected rate(…) or a cron of days of the week');
  });
});

describe('the synth', () => {
  const warnings = (written: unknown): readonly string[] => {
    const { app, stack } = build(written, {}, context);
    return app
      .synth()
      .getStackByName(stack.stackName)
      .messages.map(({ entry }) => String(entry.data));
  };

  test('warns of a setting that keeps a Serverless workgroup awake all month, with both figures', () => {
    const [warning = '', ...others] = warnings({ ...serverless, freshnessMinutes: 1 });

    expect(others).toEqual([]);
    expect(warning).toContain('awake all month: about 2,190.00 USD at 8 RPU');
    const share = awakeShare(trafficOf(resourcesOf(template), 0).wakers);
    const usd = (share * 730 * 8 * 0.375).toFixed(2);
    expect(warning).toContain(
      `freshnessMinutes: 15 it would be awake for ${(share * 100).toFixed(1)} %, about ${usd} USD`,
    );
  });

  test('says nothing of what lets it sleep, and of a warehouse that is not its own', () => {
    expect(warnings({ ...serverless, freshnessMinutes: 3 })).toEqual([]);
    expect(warnings({ ...existing, freshnessMinutes: 1 })).toEqual([]);
  });

  test('warns by what the bill charges', () => {
    for (const freshnessMinutes of [1, 2, 4, 15]) {
      const built = synthesise({ ...serverless, freshnessMinutes, deliveryStreams: 2 });
      const ofTemplate = trafficOf(resourcesOf(built.template), 0).wakers;

      expect(awakeShare(wakersAt(built.stack.parts, freshnessMinutes))).toBeCloseTo(
        awakeShare(ofTemplate),
        9,
      );
    }
  });
});

describe('the command line', () => {
  test('takes flags, and says what is wrong with one', () => {
    expect(readOptions(['--occurrences', '10000000', '--freshness', '5', '--json'])).toEqual({
      occurrences: 10_000_000,
      freshness: 5,
      config: 'heimdallr.config.ts',
      isJson: true,
      writes: false,
    });
    for (const args of [['--occurrences', 'many'], ['--freshness', '16'], ['--freshnes', '1'], ['more']])
      expect(() => readOptions(args)).toThrow(CostUsageError);
  });

  test('prints every line that costs a cent, and JSON that adds up', () => {
    const bill = billOf(template, 1_000_000);
    const text = reportLines([{ freshnessMinutes: 15, bill }]).join('\n');
    const [json] = JSON.parse(reportJson([{ freshnessMinutes: 15, bill }])).bills;

    for (const { path, usd } of bill.lines) if (usd >= 0.005) expect(text).toContain(`\n${path} `);
    const total = json.resources.reduce((sum: number, { usd }: { usd: number }) => sum + usd, 0);
    expect(total).toBeCloseTo(json.usd, 2);
  });
});

describe('docs/cost.md', () => {
  const installation = readInstallation(configuration, declared, now);
  const templates = synthesiser({ root: project, records, marts });
  afterAll(() => templates[Symbol.dispose]());

  test('is what the template says; `npm run cost -- --write` writes it', () => {
    expect(readFileSync(join(project, 'docs', 'cost.md'), 'utf8')).toBe(
      costDocument(billsOf(installation, templates)),
    );
  });
});
