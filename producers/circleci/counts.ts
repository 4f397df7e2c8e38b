/**
 * Counts pipelines at the source: CircleCI numbers those of a project, which is what proves that none is missing here.
 *
 * The youngest hour is left alone: a pipeline can be seen later than its number says.
 */
import { countNumbers, type Numbered, type SourceCount } from '../../contract/count.ts';
import { at } from '../../contract/read.ts';
import type { Context } from './cursor.ts';
import { pipelineByNumber, projectPath } from './expand.ts';
import { pipeline } from './pipeline.ts';
import { LATE_SECONDS } from './pipelines.ts';
import { msOf, rowsOf } from './read.ts';

/** Pipelines looked at: what a busy project has in a day or two. */
const MAX_PIPELINES = 500;

/** So many that are older than the feed, and the rest is taken for older, too: the order of the list is nowhere promised. */
const OLD_IN_A_ROW = 20;

/** The newest pipelines since the feed's beginning, but for the youngest. */
export async function countPipelines(context: Omit<Context, 'cursor'>): Promise<readonly SourceCount[]> {
  const { settings, since, now, log } = context;
  const listed: Numbered[] = [];
  let slug: string | null = null;
  let old = 0;
  for await (const row of rowsOf(context, `${projectPath(settings.project)}/pipeline`)) {
    const [number, created] = [at(row, 'number'), msOf(at(row, 'created_at'))];
    if (typeof number !== 'number' || created === null) continue;
    const named = at(row, 'project_slug');
    if (typeof named === 'string') slug ??= named;
    listed.push({ number, createdAt: new Date(created) });
    old = created < since.getTime() ? old + 1 : 0;
    if (old === OLD_IN_A_ROW || listed.length === MAX_PIPELINES) break;
  }
  return countNumbers({
    ...{ type: pipeline, column: 'number', listed, since, log },
    ...(slug === null ? {} : { scope: { project_slug: slug } }),
    until: new Date(now().getTime() - LATE_SECONDS * 1000),
    isThere: async (number) => (await pipelineByNumber(context, number)) !== null,
  });
}
