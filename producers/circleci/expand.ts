/**
 * A pipeline with its workflows and their jobs: what is read, emitted and judged as one.
 *
 * The jobs of a workflow are read until it has ended, and once more after that: before, their last states are stale.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import type { Emitted } from '../../contract/record.ts';
import { type Context, EMPTY_SECONDS, FINAL_SECONDS, unixNow } from './cursor.ts';
import { jobOf } from './job.ts';
import { pipelineOf } from './pipeline.ts';
import { msOf, rowsOf } from './read.ts';
import { hasEnded, isSetup, workflowOf } from './workflow.ts';

export interface Expanded {
  readonly records: readonly Emitted[];
  /** True when nothing of it is expected to change, reruns aside. */
  readonly isSettled: boolean;
}

/** A workflow that ended so shortly before the last reading may have been read before its end. */
const MARGIN_SECONDS = 300;

/**
 * Reads what hangs from a pipeline.
 * @param lastRead when it was read before, unix seconds: the jobs of workflows that had ended by then are left out;
 *   0 for never.
 */
export async function expand(context: Context, pipeline: JsonValue, lastRead: number): Promise<Expanded> {
  const id = at(pipeline, 'id');
  // A pipeline without an id is refused by the validator, in the open.
  if (typeof id !== 'string') return { records: [pipelineOf(pipeline)], isSettled: true };
  const records = [pipelineOf(pipeline)];
  const workflows: JsonValue[] = [];
  for await (const workflow of rowsOf(context, `/pipeline/${encodeURIComponent(id)}/workflow`)) {
    workflows.push(workflow);
    records.push(workflowOf(workflow));
    if (wasReadAtItsEnd(workflow, lastRead)) continue;
    const workflowId = encodeURIComponent(String(at(workflow, 'id')));
    for await (const job of rowsOf(context, `/workflow/${workflowId}/job`))
      records.push(jobOf(job, workflow));
  }
  return { records, isSettled: isSettled(pipeline, workflows, unixNow(context.now)) };
}

/** The pipeline of this number; null when there is none. */
export async function pipelineByNumber(
  { http, settings, log }: Omit<Context, 'cursor'>,
  number: number,
): Promise<JsonValue> {
  try {
    return (await http.get(`${projectPath(settings.project)}/pipeline/${number}`)).body;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
  }
  // The list of the same project could be read, so that this is no matter of permissions.
  log('a pipeline of this number cannot be read', { number });
  return null;
}

/** A slug is opaque; its slashes stay what they are. */
export const projectPath = (slug: string): string =>
  `/project/${slug.split('/').map(encodeURIComponent).join('/')}`;

function wasReadAtItsEnd(workflow: JsonValue, lastRead: number): boolean {
  const stopped = msOf(at(workflow, 'stopped_at'));
  return hasEnded(workflow) && stopped !== null && stopped / 1000 < lastRead - MARGIN_SECONDS;
}

function isSettled(pipeline: JsonValue, workflows: readonly JsonValue[], now: number): boolean {
  const age = now - (msOf(at(pipeline, 'created_at')) ?? 0) / 1000;
  if (at(pipeline, 'state') === 'errored' || age > FINAL_SECONDS) return true;
  if (workflows.length === 0) return age > EMPTY_SECONDS;
  // A setup workflow is followed by the real ones.
  return workflows.every(hasEnded) && workflows.some((workflow) => !isSetup(workflow));
}
