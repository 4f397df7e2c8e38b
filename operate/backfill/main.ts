/**
 * `npm run backfill`: polls the past of a feed.
 */
import { parseSince } from '../../contract/feed.ts';
import { feedIn } from '../feeds.ts';
import { connect } from '../ports.ts';
import { count, type ExitCode, many, runProgram, spoken, type Tools } from '../program.ts';
import { backfill, type Ending, type Walked } from './backfill.ts';
import { type Options, readOptions, usage } from './options.ts';
import { Estimate, minute } from './progress.ts';

async function main({ args, screen, now, pause, stopped }: Tools): Promise<ExitCode> {
  const options = readOptions(args, now());
  if (options === 'help') {
    screen.print(usage);
    return 0;
  }
  const { feed, since, isAgain } = options;
  const pipeline = await connect(options.place);
  screen.print(`pipeline   ${pipeline.name}`);
  const { functionArn, event } = feedIn(await pipeline.starts(), feed);
  const name = `backfill-${since.toLowerCase()}`;
  const startedAt = now();
  const estimate = new Estimate({ since: parseSince(since, startedAt), from: startedAt });
  screen.print(`walk       ${feed} back to ${since}, beside its polling; Ctrl-C ends after a slice`);
  let said = '';
  const ended = await backfill({
    slice: (isFirst) => {
      const again = isFirst && isAgain ? { again: true } : {};
      return pipeline.invoke(functionArn, { ...event, walk: { name, since, ...again } });
    },
    ...{ now, pause, stopped },
    onSlice: (walked) => screen.show(estimate.line(walked, now())),
    onWait(milliseconds, reason) {
      const line = `waiting    ${spoken(milliseconds)}: ${reason}`;
      if (reason === said) screen.show(line);
      else screen.print(line);
      said = reason;
    },
  });
  const seconds = (now().getTime() - startedAt.getTime()) / 1000;
  for (const line of endLines(ended, options, seconds)) screen.print(line);
  if (options.json) screen.print(json(ended, options, seconds));
  return ended.end === 'stopped' ? 130 : ended.end === 'failed' ? 1 : 0;
}

function endLines(
  { walked, ...ending }: Ending & { walked: Walked },
  options: Options,
  seconds: number,
): string[] {
  const types = Object.entries(walked.emitted).map(([type, records]) => `${count(records)} ${type}`);
  const did = `${types.join(', ') || 'no records'} in ${many(walked.slices, 'slice')}, ${spoken(seconds * 1000)}`;
  const reached = walked.reached === null ? '' : `, back to ${minute(walked.reached)}`;
  switch (ending.end) {
    case 'finished':
      return [`finished   ${did}${reached}`];
    case 'finished before':
      return [`finished   this walk was at its end before${reached}; --again walks once more`];
    case 'stopped':
      return [`stopped    ${did}${reached}`, 'to go on   give the same command'];
    case 'failed':
      return [`walked     ${did}${reached}`, `failed     ${options.feed}: ${ending.reason}`];
  }
}

const json = (
  { walked, end, ...rest }: Ending & { walked: Walked },
  { feed, since }: Options,
  seconds: number,
): string =>
  JSON.stringify({ feed, since, end, ...walked, seconds, reason: 'reason' in rest ? rest.reason : null });

await runProgram(main, () => new Date());
