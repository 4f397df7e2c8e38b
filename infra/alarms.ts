/**
 * The alarms: `alarms/catalogue.ts` says what must wake somebody; here they are made and told where to sound.
 *
 * There is a topic for each severity. An alarm's description says what is wrong and names the heading of the runbook
 * that says what to do. One composite alarm is red while any page is: it says whether the pipeline is healthy.
 */
import type { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Construct } from 'constructs';
import { catalogue } from './alarms/catalogue.ts';
import type { AlarmDefinition } from './alarms/definition.ts';
import { Horn } from './alarms/horn.ts';
import type { Pipeline } from './pipeline-stack.ts';
import type { ResolvedInstallation } from './read-installation.ts';

const COMPARISON = {
  'at least': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  above: ComparisonOperator.GREATER_THAN_THRESHOLD,
  below: ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/** A rule may name a hundred alarms, and has 10,240 characters; with a feed of the longest name one takes some 190 of them. */
const MOST_CHILDREN = 50;

/** Adds the alarms; called last, when every part is there. @returns them for the dashboard, what is above others first. */
export function alarms(
  stack: Stack,
  pipeline: Pipeline,
  installation: ResolvedInstallation,
): readonly IAlarm[] {
  const { off, thresholds, runbook, ...recipients } = installation.alarms;
  const horn = new Horn(stack, 'Horn', recipients);
  const wanted = catalogue(pipeline, installation).filter(({ name }) => !off.some((each) => each === name));
  const made = wanted.map((definition) => {
    const alarm = alarmFor(horn, definition, thresholds[definition.name] ?? definition.threshold, runbook);
    alarm.addAlarmAction(new SnsAction(horn.topics[definition.severity]));
    alarm.addOkAction(new SnsAction(horn.topics[definition.severity]));
    return { definition, alarm };
  });
  const pages = made.filter(({ definition }) => definition.severity === 'page').map(({ alarm }) => alarm);
  const all = made.map(({ alarm }) => alarm);
  if (pages.length === 0) return all;
  return [anyOf(horn, 'Unhealthy', pages, runbook), ...all];
}

/** One alarm above so many others as there are, with others between where they are too many for one. */
function anyOf(scope: Construct, id: string, below: readonly IAlarm[], runbook: string): CompositeAlarm {
  const groups = Array.from({ length: Math.ceil(below.length / MOST_CHILDREN) }, (_, index) =>
    below.slice(index * MOST_CHILDREN, (index + 1) * MOST_CHILDREN),
  );
  const children =
    groups.length === 1
      ? below
      : groups.map((group, index) => anyOf(scope, `${id}Part${index + 1}`, group, runbook));
  return new CompositeAlarm(scope, id, {
    alarmRule: AlarmRule.anyOf(...children),
    alarmDescription: `Heimdallr is not healthy: an alarm that pages sounds. ${runbook}#pipeline-unhealthy`,
  });
}

function alarmFor(horn: Horn, definition: AlarmDefinition, threshold: number, runbook: string): Alarm {
  const { name, of, means, metric, when, points, ofPeriods = points, silence } = definition;
  return new Alarm(horn, of === undefined ? name : `${name}-${of.replace(/[^A-Za-z0-9]+/g, '-')}`, {
    metric,
    threshold,
    comparisonOperator: COMPARISON[when],
    datapointsToAlarm: points,
    evaluationPeriods: ofPeriods,
    treatMissingData: silence === 'trouble' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    alarmDescription: `Heimdallr${of === undefined ? '' : `, ${of}`}: ${means} What to do: ${runbook}#${name}`,
  });
}
