/**
 * The installation: what this Heimdallr polls and where it puts it. Every choice is described in
 * infra/installation.ts; what is not written here has its default.
 */
import { defineInstallation } from './infra/installation.ts';

export default defineInstallation({
  // One line per Rollbar project, CircleCI project or Heroku app: a schedule, a secret and a cursor of its own.
  // The settings of each producer are listed in producers/<name>/README.md; `webhook: true` lets a vendor push, too.
  feeds: [
    { feed: 'rollbar:web' },
    { feed: 'circleci:web', settings: { project: 'gh/example-org/storefront' } },
    { feed: 'heroku:web', settings: { app: 'storefront-prod' } },
    { feed: 'github:web', settings: { repository: 'example-org/storefront' } },
  ],

  // How far back the very first poll of a feed reaches.
  since: '24h',

  // Redshift Serverless, made by this stack. A warehouse that is there already:
  //
  //   warehouse: {
  //     mode: 'existing',
  //     host: 'analytics.abc123.eu-west-1.redshift.amazonaws.com',
  //     database: 'analytics',
  //     clusterIdentifier: 'analytics',
  //     secretArn: 'arn:aws:secretsmanager:…',           // a user that may create schemas and users
  //     firehoseSecretArn: 'arn:aws:secretsmanager:…',   // username and password for Firehose's own user
  //   },
  warehouse: {
    mode: 'serverless',
    database: 'heimdallr',
    // 8 is offered in every region; 4 costs half, where it is offered.
    baseCapacityRpu: 8,
  },

  // Your own table of who used the product when: with it, bugs are ranked by the users whom they cost. Each value is an
  // SQL expression over one row of it; infra/installation.ts says what each is for. This table is the one that the
  // simulated company of `npm start` has: name yours. As long as there is none, the ranking says so and nothing else.
  activity: {
    table: 'public.user_activity',
    userId: 'user_id',
    activeAt: 'active_at',
    events: 'sessions',
    platform: 'platform',
    segment: 'plan',
    signedUpAt: 'signed_up_at',
    revenue: 'revenue',
  },

  // How a person of Rollbar is a user of that table: an SQL expression over heimdallr.rollbar_occurrence, or a table
  // with both ids, as in { table: 'crm.people', personId: 'rollbar_id', userId: 'id' }.
  people: 'person_id',

  ranking: {
    timeZone: 'UTC',
    // environments: ['production'],
  },

  // Who is told when an alarm sounds; each address confirms a mail first. Thresholds and what is off: docs/runbook.md.
  //
  //   alarms: { email: ['on-call@example.com'] },

  // The one knob between fresh and cheap, 1 to 15 minutes: a row is visible after at most twice this.
  freshnessMinutes: 15,
});
