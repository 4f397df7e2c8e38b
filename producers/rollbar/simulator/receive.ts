/** The endpoints a customer's programs report to: occurrences from the SDKs, deploys from the release scripts. */
import { type Answer, plainJson } from '../../../simulation/answer.ts';
import { dig, digText, isRecord, parseExact } from '../../../simulation/exact-json.ts';
import { Refusal, result } from './answer.ts';
import type { Call } from './api.ts';
import { type Deploy, type Ending, endings } from './deploys.ts';
import { faultOf, type Payload } from './payload.ts';

export function postItem({ project, body, token, now }: Call): Answer {
  const data = dataOf(parsedBody(body));
  const { uuid } = project.receive({ compose: () => data, at: now, token });
  // The id is not known yet when the server answers; the SDKs look at the uuid only.
  return result({ id: null, uuid });
}

/** What a report must be; the reason otherwise. */
export function dataOf(report: unknown): Payload {
  const data = dig(report, 'data');
  const fault = faultOf(data);
  if (fault !== undefined || !isRecord(data)) throw new Refusal(422, fault ?? 'Invalid format.');
  return data;
}

export function postDeploy({ project, body, now }: Call): Answer {
  const given = parsedBody(body);
  const seconds = Math.floor(now / 1000);
  const status = statusOf(given) ?? 'succeeded';
  const deploy = project.deploys.start(
    {
      environment: requiredText(given, 'environment'),
      revision: requiredText(given, 'revision'),
      local_username: digText(given, 'local_username') ?? null,
      comment: digText(given, 'comment') ?? null,
      user_id: null,
    },
    seconds,
  );
  if (status !== 'started') project.deploys.finish(deploy, status, seconds);
  // No `err` and no `result`: Rollbar's own Ruby client reads `data.deploy_id`.
  return plainJson({ data: { deploy_id: deploy.id } });
}

export function updateDeploy({ project, path, body, now }: Call): Answer {
  const deploy = project.deploys.get(Number(path[0]));
  if (!deploy) throw new Refusal(404, 'Not found');
  const given = parsedBody(body);
  const status = statusOf(given);
  if (status !== undefined && status !== 'started')
    project.deploys.finish(deploy, status, Math.floor(now / 1000));
  deploy.comment = digText(given, 'comment') ?? deploy.comment;
  return result(deploy);
}

function parsedBody(body: string): unknown {
  try {
    return parseExact(body);
  } catch (cause) {
    throw new Refusal(400, `Invalid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function statusOf(given: unknown): Deploy['status'] | undefined {
  const status = digText(given, 'status');
  if (status === undefined || status === 'started') return status;
  const ending: Ending | undefined = endings.find((known) => known === status);
  if (!ending) throw new Refusal(422, `Invalid value. status must be one of started, ${endings.join(', ')}.`);
  return ending;
}

function requiredText(given: unknown, name: string): string {
  const value = digText(given, name);
  if (!value) throw new Refusal(422, `Invalid format. ${name} is required.`);
  return value;
}
