/** What an alarm is, as data. */
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';

/** Who is told: somebody now, or whoever looks at tickets tomorrow. */
export type Severity = 'page' | 'ticket';

export interface AlarmDefinition {
  /** Heading of the runbook, and the name by which the configuration turns it off or moves its threshold. */
  readonly name: string;
  /** Which of several it watches: a feed, a function, a delivery stream. */
  readonly of?: string;
  readonly severity: Severity;
  /** What is wrong when it sounds, in a sentence. */
  readonly means: string;
  readonly metric: IMetric;
  /** It sounds when the metric is so compared with the threshold… */
  readonly when: 'at least' | 'above' | 'below';
  readonly threshold: number;
  /** …in so many periods, */
  readonly points: number;
  /** of the last so many. Default: the same. */
  readonly ofPeriods?: number;
  /** What a period without a value means. Silence is trouble where whatever measures runs all the time. */
  readonly silence: 'trouble' | 'fine';
}
