/**
 * What goes through the pipeline in a month, apart from what the template says: an assumption each, with its origin.
 *
 * "Measured" figures come from one local run with the simulated vendors; "estimate" is what nobody has measured and
 * what a bill may contradict. They are chosen to err on the dear side.
 */

export interface Assumption {
  readonly value: number;
  readonly means: string;
  readonly origin: 'measured' | 'estimate';
}

const measured = (value: number, means: string): Assumption => ({ value, means, origin: 'measured' });
const estimate = (value: number, means: string): Assumption => ({ value, means, origin: 'estimate' });

export const assumptions = {
  occurrenceBytes: measured(3500, 'bytes of an occurrence as a landed row'),
  pollPageBytes: measured(480, 'bytes of the row that every poll adds'),
  gzip: measured(12, 'times smaller when staged in S3'),
  columnar: estimate(4, 'times smaller in the warehouse'),
  vendorBytes: estimate(8000, 'bytes of an occurrence in the vendor’s answer'),
  timesFetched: estimate(10, 'times an occurrence is fetched: each poll looks ten minutes back'),
  pollBytes: estimate(20_000, 'bytes of a poll that finds nothing'),
  producerSeconds: estimate(4, 'seconds of a poll'),
  transformSeconds: estimate(1, 'seconds of a batch in the transform'),
  loaderSeconds: estimate(30, 'seconds of a run of the loader'),
  reloadSeconds: estimate(1, 'seconds of a look for skipped batches'),
  rankingSeconds: estimate(300, 'seconds of a run of the ranking'),
  otherSeconds: estimate(60, 'seconds of a run of any other scheduled function'),
  copyBytesPerSecond: estimate(5_000_000, 'bytes that a COPY loads in a second'),
  mergedRowsPerSecond: estimate(500, 'rows that the loader merges in a second'),
  producerLogBytes: measured(1150, 'bytes logged by a poll, metrics among them'),
  transformLogBytes: measured(700, 'bytes logged for a batch'),
  otherLogBytes: measured(5700, 'bytes logged by a run of the loader, or of another function'),
  flowLogBytes: estimate(2400, 'bytes in the flow log for each poll'),
  metricsPerFeed: measured(9, 'custom metrics of a feed’s polls'),
  metricsOfTransform: measured(5, 'custom metrics of the transform'),
  metricsOfLoader: measured(23, 'custom metrics of the loader'),
  metricsOfOthers: estimate(4, 'custom metrics of any other function'),
  writesPerPoll: estimate(6, 'DynamoDB write units of a poll: lease, cursor, lease'),
  callsPerSecretHour: estimate(12, 'reads of a secret in an hour: kept for five minutes'),
  kmsCallsPerHour: estimate(12, 'key requests in an hour of each function at the stream'),
  monthsKept: estimate(12, 'months of facts in the warehouse'),
} as const satisfies Readonly<Record<string, Assumption>>;

/** 365 days of 24 hours in 12 parts, as AWS's own examples count. */
export const HOURS = 730;
export const MINUTES = HOURS * 60;
export const GB = 1e9;
