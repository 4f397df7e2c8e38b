/**
 * What can be written in `heimdallr.config.ts`: the whole choice that an installation has.
 *
 * These types are what an editor completes; `read-installation.ts` checks the same once more at every synth,
 * with what only the producers know (their names and settings), and fills in the defaults.
 */
import type { FeedEvent } from '../contract/feed.ts';
import type { AlarmName } from './alarms/catalogue.ts';

export interface Installation {
  /** What is polled. */
  readonly feeds: readonly FeedChoice[];
  /** How far back the very first poll of a feed reaches: `90m`, `24h`, `7d` or a day such as `2026-01-01`. Default: `24h`. */
  readonly since?: string;
  /** Where the facts go. */
  readonly warehouse: ServerlessChoice | ExistingClusterChoice | ExistingWorkgroupChoice;
  /**
   * The one knob between fresh and cheap, 1 to 15 minutes: how long rows are gathered before one COPY, and how
   * often the loader moves them on. A row is visible after at most twice this. Default: 15, because every COPY
   * wakes a Serverless warehouse for at least a minute.
   */
  readonly freshnessMinutes?: number;
  /** Delivery streams side by side into the landing table; one takes 1 to 5 MiB/s, by region. Default: 1. */
  readonly deliveryStreams?: number;
  /** Shards of the Kinesis stream; each takes 1 MB/s and 1,000 records/s. Default: 1. */
  readonly streamShards?: number;
  /** Who hears the alarms. Default: two topics that nobody has subscribed to yet. */
  readonly alarms?: AlarmChoice;
  readonly network?: NetworkChoice;
  /**
   * Where your own table of activity is: who used the product when. With it, bugs are ranked by the users whom they
   * cost; without it, only by the people whom they met.
   */
  readonly activity?: ActivityChoice;
  /**
   * How a person of the error tracker is a user of the activity table: an SQL expression over
   * `heimdallr.rollbar_occurrence`, such as `replace(person_id, 'user:', '')`, or a table that has both ids.
   * Default: `person_id`.
   */
  readonly people?: string | PeopleTableChoice;
  readonly ranking?: RankingChoice;
  /** Once a week, what to fix first. Default: nobody gets it. */
  readonly digest?: DigestChoice;
}

/**
 * A table with one row per visit, session, or user and day. Every value but `table` is an SQL expression over one row
 * of it, most often the name of a column. Nothing is written there; the user in the warehouse's secret must be able to
 * read it.
 */
export interface ActivityChoice {
  /** `schema.table`, in lower case; a view does as well. */
  readonly table: string;
  readonly userId: string;
  /** When the user was there: a timestamp in UTC, or a date in the time zone of the ranking. */
  readonly activeAt: string;
  /** Sessions or visits that the row stands for. It must be nothing that an error can multiply. Default: 1. */
  readonly events?: string;
  readonly platform?: string;
  /** A trait that drives both meeting bugs and coming back, such as a plan, a device class or a feature used. */
  readonly segment?: string;
  /** When the user signed up. Without it, newcomers, who leave most, are told from others only by their first day. */
  readonly signedUpAt?: string;
  /** Money that the row brought, in one currency. */
  readonly revenue?: string;
}

/** A table that says which person is which user; SQL expressions over one row of it. */
export interface PeopleTableChoice {
  /** `schema.table`, in lower case. */
  readonly table: string;
  /** The person id as it stands in `heimdallr.rollbar_occurrence`: hashed, for a feed whose people are hashed. */
  readonly personId: string;
  readonly userId: string;
}

export interface RankingChoice {
  /** How often it is computed, 1 to 168 hours. Default: 24, because its facts are whole days. */
  readonly everyHours?: number;
  /** IANA time zone in which a day begins, for activity and occurrences alike. Default: `UTC`. */
  readonly timeZone?: string;
  /** Environments of the error tracker that count. Default: all. */
  readonly environments?: readonly string[];
  /**
   * Ids of items that you know to be harmless. With ten or more, the ranking measures on them how far it errs, and no
   * longer assumes it.
   */
  readonly negativeControls?: readonly string[];
  /** User ids of staff, bots and tests: left out everywhere. Many are better left out by a view over the activity. */
  readonly excludedUsers?: readonly string[];
  /** Days over which users are compared, 14 to 112. Default: 56. */
  readonly windowDays?: number;
  /** Of the items called confirmed, the share that may be wrong: above 0, up to 0.5. Default: 0.1. */
  readonly falseDiscoveryRate?: number;
}

/** One destination at least. */
export interface DigestChoice {
  /** Default: `monday`. */
  readonly weekday?: 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';
  /** 0 to 23, in the time zone of the ranking. Default: 8. */
  readonly hour?: number;
  /** The stack makes a topic for it, and SNS asks the address whether it agrees. */
  readonly email?: string;
  /** A topic that is there; its policy must let this account publish. */
  readonly snsTopicArn?: string;
  /** A secret whose text is the address of an incoming webhook of Slack. */
  readonly slackWebhookSecretArn?: string;
}

export interface FeedChoice {
  /** `producer:name`. The name is yours: lower-case letters, digits and single dashes. */
  readonly feed: string;
  /** The producer's own settings, as its README lists them. */
  readonly settings?: FeedEvent['settings'];
  /** Another address of the vendor's API, for a self-hosted one: https, without a trailing slash. */
  readonly baseUrl?: string;
  /** What happens to whatever identifies a person. Default: `keep`. */
  readonly people?: FeedEvent['people'];
  /** The vendor may push: a public address whose deliveries, signed by the vendor, make the feed be polled at once. Default: false. */
  readonly webhook?: boolean;
}

/** Redshift Serverless, made and owned by the stack. */
export interface ServerlessChoice {
  readonly mode: 'serverless';
  readonly database: string;
  /** Redshift Processing Units while a query runs. 4 costs half of 8 and is not offered in every region. */
  readonly baseCapacityRpu: 4 | 8;
  /**
   * Stop answering queries for the rest of the day after so many RPU-hours. CloudFormation has no resource for
   * this limit: the stack prints the one command that sets it.
   */
  readonly maxRpuHoursPerDay?: number;
}

interface ExistingChoice {
  readonly mode: 'existing';
  /** Host of its endpoint, without port. It must be publicly accessible, with enhanced VPC routing off, or Firehose cannot reach it. */
  readonly host: string;
  /** Default: 5439. */
  readonly port?: number;
  readonly database: string;
  /** What the warehouse is, for whoever has looked: Firehose reaches no other than a publicly accessible one. */
  readonly publiclyAccessible?: boolean;
  /** With enhanced VPC routing Firehose cannot load at all. */
  readonly enhancedVpcRouting?: boolean;
  /**
   * A role attached to the warehouse that may read the archive bucket: with it, batches that Firehose gave up on are
   * loaded without a person. Default: none, and the log says what to type.
   */
  readonly copyRoleArn?: string;
  /** Secret with `username` and `password` for Firehose's own user; the stack creates that user and lets it do nothing but insert. */
  readonly firehoseSecretArn: string;
}

/** A provisioned cluster that is there already. */
export interface ExistingClusterChoice extends ExistingChoice {
  readonly clusterIdentifier: string;
  /** Secret with `username` and `password` of a user that may create schemas and users. */
  readonly secretArn: string;
}

/** A Serverless workgroup that is there already. */
export interface ExistingWorkgroupChoice extends ExistingChoice {
  readonly workgroupName: string;
  /** Permissions name a workgroup by its id, not by its name: `aws redshift-serverless get-workgroup` shows the ARN. */
  readonly workgroupArn: string;
  /** As for a cluster. With their own IAM roles the functions would be two users, and one could not read the other's tables. */
  readonly secretArn: string;
}

export interface AlarmChoice {
  /** Addresses that get every alarm; each has to confirm a mail first. */
  readonly email?: readonly string[];
  /** A Slack channel, by the ids that Slack shows; AWS must have been let into the workspace (Amazon Q Developer in chat applications). */
  readonly slack?: { readonly workspaceId: string; readonly channelId: string };
  /** Alarms that are not made, by their headings in docs/runbook.md. */
  readonly off?: readonly AlarmName[];
  /** Other thresholds; docs/runbook.md has the unit of each and what is usual. */
  readonly thresholds?: Readonly<Partial<Record<AlarmName, number>>>;
  /** Where people read the runbook: an https address. Default: its path in the repository. */
  readonly runbook?: string;
}

export interface NetworkChoice {
  /**
   * How producers reach their vendors; docs/cost.md has the price of each. Default: `nat-gateway`.
   *
   * - `nat-gateway`: from private subnets, from a fixed address that vendors can put on an allow-list.
   * - `nat-instance`: the same with the smallest EC2 instance in the gateway's place, for a fifth of its price. You patch it;
   *   while it is replaced, polls fail and are made up for.
   * - `none`: outside any network, from whatever address AWS has, for nothing.
   */
  readonly kind?: 'nat-gateway' | 'nat-instance' | 'none';
  /**
   * How many availability zones, or which. Default: 3, because the subnets of a Serverless workgroup must span
   * three. Name them when one of the first three of your region does not offer Redshift Serverless.
   */
  readonly availabilityZones?: number | readonly string[];
  /** NAT gateways (or instances), each with its fixed address and its price. Default: 1; a lost zone then delays facts, and loses none. */
  readonly natGateways?: number;
}

/** Types the installation where it is written. */
export const defineInstallation = (installation: Installation): Installation => installation;
