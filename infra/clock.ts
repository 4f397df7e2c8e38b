/**
 * What starts functions at a rate: one schedule group, whose metrics count every start that failed, and one
 * role, which may invoke exactly the functions that are scheduled.
 *
 * Scheduler's own defaults (185 retries over a day) would let the starts of an outage arrive all together. A
 * start that was missed is not repeated: the next is at most one period away, and a run goes on where the
 * last one stopped.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleGroup, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';

export interface Start {
  readonly everyMinutes: number;
  readonly fn: PipelineFunction;
  readonly description: string;
  /** What the function gets; may hold tokens. */
  readonly event: object;
}

export class Clock extends Construct {
  readonly group: ScheduleGroup;
  /** Everything that it starts. */
  readonly starts: Pick<Start, 'fn' | 'everyMinutes'>[] = [];
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

  /** Starts a function at a rate. */
  start(scope: Construct, id: string, { everyMinutes, fn, description, event }: Start): Schedule {
    this.starts.push({ fn, everyMinutes });
    this.#role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
    );
    const schedule = new Schedule(scope, id, {
      description,
      scheduleGroup: this.group,
      schedule: ScheduleExpression.rate(Duration.minutes(everyMinutes)),
      target: new LambdaInvoke(fn, {
        // The target would add every version of the function to the role.
        role: this.#role.withoutPolicyUpdates(),
        input: ScheduleTargetInput.fromObject(event),
        retryAttempts: 0,
        maxEventAge: Duration.seconds(60),
      }),
    });
    // The group is referred to by its name, which orders nothing; without its policy the role starts nothing.
    schedule.node.addDependency(this.group, this.#role);
    return schedule;
  }
}
