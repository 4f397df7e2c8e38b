/**
 * The endpoints, one line each: method, path, scope, what answers.
 *
 * What no document states was decided the hard way round for a client: unknown parameters are ignored (a misspelt
 * `lastId` gives page 1 for ever), and the body of the redirect carries the token.
 */
import { type Answer, text } from '../../../simulation/answer.ts';
import { listResult, Refusal, result } from './answer.ts';
import type { Item } from './items.ts';
import { listed, single, statuses } from './items.ts';
import type { Occurrence } from './occurrences.ts';
import { levels } from './payload.ts';
import type { Project } from './project.ts';
import { choices, integerParameter, pageParameters, slicePage } from './query.ts';
import { postDeploy, postItem, updateDeploy } from './receive.ts';
import { occurrenceCounts } from './report.ts';

export type Scope = 'read' | 'write' | 'post_server_item' | 'post_client_item';

export interface Call {
  readonly project: Project;
  /** What the groups of the path matched. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
  readonly token: string;
  readonly now: number;
  /** Where this server is, without a path. */
  readonly origin: string;
  readonly padRowsTo: number;
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** Null: no token is needed. */
  readonly scope: Scope | null;
  readonly answer: (call: Call) => Answer;
}

export const routes: readonly Route[] = [
  { method: 'GET', path: /^\/status\/ping$/, scope: null, answer: () => text(200, 'text/plain', 'pong') },
  { method: 'GET', path: /^\/instances$/, scope: 'read', answer: (call) => instances(call, undefined) },
  { method: 'GET', path: /^\/item\/(\d+)\/instances$/, scope: 'read', answer: itemInstances },
  { method: 'GET', path: /^\/instance\/(\d+)$/, scope: 'read', answer: instance },
  { method: 'GET', path: /^\/items$/, scope: 'read', answer: items },
  {
    method: 'GET',
    path: /^\/item\/(\d+)$/,
    scope: 'read',
    answer: (call) => result(single(itemInPath(call))),
  },
  { method: 'GET', path: /^\/item$/, scope: 'read', answer: itemOf },
  { method: 'GET', path: /^\/item_by_counter\/(\d+)$/, scope: 'read', answer: itemByCounter },
  { method: 'GET', path: /^\/deploys$/, scope: 'read', answer: deploys },
  { method: 'GET', path: /^\/deploy\/(\d+)$/, scope: 'read', answer: deploy },
  { method: 'GET', path: /^\/environments$/, scope: 'read', answer: environments },
  { method: 'GET', path: /^\/reports\/occurrence_counts$/, scope: 'read', answer: occurrenceCounts },
  { method: 'POST', path: /^\/item$/, scope: 'post_server_item', answer: postItem },
  { method: 'POST', path: /^\/deploy$/, scope: 'post_server_item', answer: postDeploy },
  { method: 'PATCH', path: /^\/deploy\/(\d+)$/, scope: 'post_server_item', answer: updateDeploy },
];

/** A row of `/instances`, its `data` as the text it is. */
export function instanceText(row: Occurrence, projectId: number, padTo: number): string {
  const { id, itemId, timestamp, billable } = row;
  const envelope = JSON.stringify({
    id,
    project_id: projectId,
    item_id: itemId,
    timestamp,
    version: 2,
    billable,
  });
  const data = row.data();
  const missing = padTo - envelope.length - data.length;
  const padding = missing > 0 ? `,"padding":"${'x'.repeat(missing)}"` : '';
  return `${envelope.slice(0, -1)},"data":${data.slice(0, -1)}${padding}}}`;
}

function instances({ project, query, padRowsTo }: Call, itemId: number | undefined): Answer {
  const { page, limit } = pageParameters(query);
  const rows = project.occurrences.page({ lastId: integerParameter(query, 'lastId'), page, limit, itemId });
  return listResult({ page }, 'instances', textOf(rows, project.id, padRowsTo));
}

function* textOf(rows: readonly Occurrence[], projectId: number, padTo: number): Generator<string> {
  for (const row of rows) yield instanceText(row, projectId, padTo);
}

function itemInstances(call: Call): Answer {
  const item = itemInPath(call);
  // A group has no occurrences of its own, so this list is empty although its total is not.
  return instances(call, item.id);
}

function instance({ project, path, padRowsTo }: Call): Answer {
  const row = project.occurrences.get(Number(path[0]));
  if (!row) throw new Refusal(404, 'Not found');
  return { ...result(null), body: [`{"err":0,"result":${instanceText(row, project.id, padRowsTo)}}`] };
}

function items({ project, query }: Call): Answer {
  const page = integerParameter(query, 'page', { from: 1 }) ?? 1;
  const ids = query.get('ids')?.split(',').map(Number);
  const wanted = {
    status: choices(query, 'status', statuses),
    level: choices(query, 'level', levels),
    environment: query.getAll('environment'),
    framework: query.getAll('framework'),
  };
  const found = project.items
    .all()
    .filter((item) => ids === undefined || ids.includes(item.id))
    .filter((item) => [...Object.entries(wanted)].every(([name, values]) => isAmong(item, name, values)))
    .filter((item) => item.title.toLowerCase().includes((query.get('query') ?? '').toLowerCase()))
    .sort((a, b) => b.last_occurrence_timestamp - a.last_occurrence_timestamp || b.id - a.id);
  // Above 100,000 items the vendor does not count.
  const total_count = found.length > 100_000 ? null : found.length;
  return result({ page, total_count, items: slicePage(found, page, 100).map(listed) });
}

function isAmong(item: Item, name: string, values: readonly string[]): boolean {
  return values.length === 0 || values.includes(String(Reflect.get(item, name)));
}

function itemInPath({ project, path }: Call): Item {
  const item = project.items.get(Number(path[0]));
  if (!item) throw new Refusal(404, 'Not found');
  return item;
}

/** `/item/?uuid=` of an occurrence, or `/item/?counter=` of the item. */
function itemOf({ project, query }: Call): Answer {
  const uuid = query.get('uuid');
  if (uuid !== null) {
    if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(uuid))
      throw new Refusal(400, 'Invalid UUID format');
    const item = project.items.get(project.occurrences.withUuid(uuid)?.itemId ?? 0);
    if (!item) throw new Refusal(404, 'UUID did not match any occurrence');
    return result(single(item));
  }
  const counter = integerParameter(query, 'counter');
  if (counter === undefined) throw new Refusal(400, 'uuid or counter is required');
  const item = project.items.withCounter(counter);
  if (!item) throw new Refusal(404, 'Not found');
  return result(single(item));
}

function itemByCounter({ project, path, token, origin }: Call): Answer {
  const item = project.items.withCounter(Number(path[0]));
  if (!item) throw new Refusal(404, 'Not found');
  const moved = {
    itemId: item.id,
    path: `/item/${item.id}`,
    uri: `/api/1/item/${item.id}?access_token=${token}`,
  };
  return result(moved, 301, { Location: `${origin}/api/1/item/${item.id}` });
}

function deploys({ project, query }: Call): Answer {
  const { page, limit } = pageParameters(query);
  return result({ page, deploys: slicePage(project.deploys.newestFirst(), page, limit) });
}

function deploy({ project, path }: Call): Answer {
  const found = project.deploys.get(Number(path[0]));
  if (!found) throw new Refusal(404, 'Not found');
  return result(found);
}

function environments({ project, query }: Call): Answer {
  const page = integerParameter(query, 'page', { from: 1 }) ?? 1;
  const names = [...new Set(project.items.all().map((item) => item.environment))];
  const rows = names.map((environment, n) => ({
    id: 9911 + n,
    project_id: project.id,
    environment,
    visible: 1,
  }));
  return result({ page, environments: slicePage(rows, page, 20) });
}
