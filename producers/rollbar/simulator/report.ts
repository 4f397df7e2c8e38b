/**
 * `/reports/occurrence_counts`: occurrences per bucket of time, by the time of receipt.
 *
 * It leaves out what is below `error` unless told otherwise, which makes every naive comparison with a copy fail.
 * The defaults of the bucket parameters are stated nowhere; those here are a guess.
 */
import type { Answer } from '../../../simulation/answer.ts';
import { Refusal, result } from './answer.ts';
import type { Call } from './api.ts';
import { levels } from './payload.ts';
import { choices, integerParameter } from './query.ts';

const ranks: readonly string[] = levels;
const bucketSizes = ['60', '3600', '86400'];

export function occurrenceCounts({ project, query, now }: Call): Answer {
  const size = Number(choices(query, 'bucket_size', bucketSizes)[0] ?? 3600);
  const buckets = integerParameter(query, 'buckets', { from: 2, to: size === 60 ? 240 : 366 }) ?? 60;
  const [lowest, highest] = [
    levelParameter(query, 'min_level', 'error'),
    levelParameter(query, 'max_level', 'critical'),
  ];
  const environments = query.getAll('environments').flatMap((names) => names.split(','));
  const itemId = integerParameter(query, 'item_id');

  const last = Math.floor(now / 1000 / size) * size;
  const first = last - (buckets - 1) * size;
  const counts = Array.from({ length: buckets }, (_, n): [number, number] => [first + n * size, 0]);
  for (const row of project.occurrences.visible()) {
    const bucket = counts[Math.floor((row.timestamp - first) / size)];
    const rank = rankOf(row.level);
    const isCounted =
      rank >= lowest &&
      rank <= highest &&
      (environments.length === 0 || environments.includes(row.environment)) &&
      (itemId === undefined || itemId === row.itemId);
    if (bucket && isCounted) bucket[1] += 1;
  }
  return result(counts);
}

function levelParameter(query: URLSearchParams, name: string, otherwise: string): number {
  const rank = rankOf(query.get(name) ?? otherwise);
  if (rank < 0) throw new Refusal(422, `Invalid value. ${name} must be one of ${levels.join(', ')}.`);
  return rank;
}

function rankOf(level: string): number {
  return ranks.indexOf(level);
}
