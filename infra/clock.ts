/**
 * What starts functions at a rate, or once a week: one schedule group, whose metrics count every start that was dropped, and one
 * role, which may invoke exactly the functions that are scheduled.
 *
 * Scheduler's own defaults (185 retries over a day) would let the starts of an outage arrive all together. Here a start
 * that failed is repeated for a minute, or for an hour where the next one is far; then it is dropped, which is counted. The
 * next run goes on where the last one stopped.
 */
import { Duration, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleGroup, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';
import { WEEKDAYS, type Weekday } from './read-digest.ts';

export type Start = Started & ({ readonly everyMinutes: number } | { readonly weekly: Weekly });

/** Once a week, at a full hour where people are. */
export interface Weekly {
  readonly weekday: Weekday;
  readonly hour: number;
  /** IANA name. */
  readonly timeZone: string;
}

interface Started {
  readonly fn: PipelineFunction;
  readonly description: string;
  /** What the function gets; may hold tokens. */
  readonly event: object;
}

export class Clock extends Construct {
  readonly group: ScheduleGroup;
  /** Everything that it starts. */
  readonly starts: { readonly fn: PipelineFunction; readonly everyMinutes: number }[] = [];
  readonly #role: Role;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Stack.of(this).account,
            'aws:SourceArn': this.group.scheduleGroupArn,
          },
        },
      }),
    });
  }

  /** Starts a function at a rate, or once a week. */
  start(scope: Construct, id: string, start: Start): Schedule {
    const { fn, description, event } = start;
    const minutes = 'weekly' in start ? MINUTES_OF_A_WEEK : start.everyMinutes;
    this.starts.push({ fn, everyMinutes: minutes });
    this.#role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
    );
    const schedule = new Schedule(scope, id, {
      description,
      scheduleGroup: this.group,
      schedule:
        'weekly' in start
          ? weekly(start.weekly)
          : ScheduleExpression.rate(Duration.minutes(start.everyMinutes)),
      target: new LambdaInvoke(fn, {
        // The target would add every version of the function to the role.
        role: this.#role.withoutPolicyUpdates(),
        input: ScheduleTargetInput.fromObject(event),
        // How soon it is repeated is Scheduler's; the age ends it.
        ...(minutes > OFTEN_MINUTES
          ? { retryAttempts: 30, maxEventAge: Duration.hours(1) }
          : { retryAttempts: 2, maxEventAge: Duration.minutes(1) }),
      }),
    });
    // The group is referred to by its name, which orders nothing; without its policy the role starts nothing.
    schedule.node.addDependency(this.group, this.#role);
    return schedule;
  }
}

const MINUTES_OF_A_WEEK = 7 * 24 * 60;

/** Where the next start is so near, nothing is gained by a late one. */
const OFTEN_MINUTES = 15;

const weekly = ({ weekday, hour, timeZone }: Weekly): ScheduleExpression =>
  ScheduleExpression.cron({
    ...{ minute: '0', hour: String(hour), weekDay: WEEKDAYS[weekday] },
    timeZone: TimeZone.of(timeZone),
  });
