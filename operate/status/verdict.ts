/** What of the readings is wrong, each with what to do: a pipeline is healthy when nothing is. */
import { many, spoken } from '../program.ts';
import type { FeedReading, Readings } from './readings.ts';

export interface Limits {
  /** A feed's newest poll in the warehouse may be so old. */
  readonly freshnessSeconds: number;
  /** A feed must have been polled within this. */
  readonly silenceSeconds: number;
}

/** One line each. */
export function problems({ feeds, rejects, skipped, givenUp }: Readings, limits: Limits): readonly string[] {
  const rejected = rejects.reduce((sum, { records }) => sum + records, 0);
  return [
    ...(feeds.length === 0 ? ['no schedule polls a feed; deploy the stack again'] : []),
    ...feeds.flatMap((feed) => ofFeed(feed, limits).map((problem) => `${feed.feed}: ${problem}`)),
    ...(rejected === 0
      ? []
      : [`${many(rejected, 'record')} rejected in the last day; mend the cause, then npm run redrive`]),
    ...(givenUp === 0
      ? []
      : [
          `${many(givenUp, 'batch object')} of records that the transform gave up on; mend the cause, then npm run redrive`,
        ]),
    ...(skipped.length === 0
      ? []
      : [
          `${many(skipped.length, 'batch object')} that Firehose skipped, first ${skipped[0]}; the reload function loads them when the warehouse answers`,
        ]),
  ];
}

function ofFeed(reading: FeedReading, { freshnessSeconds, silenceSeconds }: Limits): readonly string[] {
  const {
    cursorAgeSeconds: age,
    freshnessSeconds: fresh,
    ledger,
    missing,
    differing,
    waitsSeconds,
  } = reading;
  const isSilent = waitsSeconds === null && (age === null || age > silenceSeconds);
  return [
    ...(isSilent
      ? [
          age === null
            ? 'never polled; put its token into its secret and read the log of its function'
            : `not polled for ${spoken(age * 1000)}; read the log of its function`,
        ]
      : []),
    ...(fresh === null
      ? ['nothing of it is in the warehouse yet']
      : fresh > freshnessSeconds
        ? [`its newest poll in the warehouse is ${spoken(fresh * 1000)} old`]
        : []),
    ...(ledger.late === 0
      ? []
      : [
          `${many(ledger.late, 'run')} late, ${many(missing, 'record')} missing; select * from heimdallr.ledger where status = 'late'`,
        ]),
    ...(differing === 0
      ? []
      : [
          `${many(differing, 'span')} in which its vendor holds more; select * from heimdallr.reconciliation`,
        ]),
  ];
}
