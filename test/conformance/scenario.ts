/**
 * A scenario: a conversation with a vendor, as data. It stands in `producers/<name>/scenarios/<scenario>.json`, and
 * what the producer makes of it beside it, in `<scenario>.golden.json`.
 *
 *     {
 *       "description": "a release is pending, then succeeds",
 *       "settings": { "app": "storefront-prod" },
 *       "since": "24h",
 *       "secrets": ["text of an answer that must be in no record"],
 *       "quiet_requests": 2,
 *       "polls": [
 *         {
 *           "at": "2026-09-01T12:00:00Z",
 *           "answers": [
 *             { "path": "/apps/storefront-prod/releases", "status": 206, "headers": { "Next-Range": "…" }, "body": [] },
 *             { "path": "/apps/storefront-prod/builds", "file": "answers/builds_list.json" }
 *           ]
 *         }
 *       ]
 *     }
 *
 * A request gets the answer of the poll at hand, or of the nearest one before, that fits: its path, and those
 * parameters and headers that `query` and `range` name; of several the one that names most. `file` is a body that stands in the producer's folder.
 * `quiet_requests` is how many requests one more run makes when everything has settled.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ScriptedAnswer {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The request's `Range`. */
  readonly range?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly file?: string;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly since: string;
  readonly secrets: readonly string[];
  readonly quiet_requests: number;
  readonly polls: readonly {
    readonly at: string;
    readonly answers: readonly ScriptedAnswer[];
  }[];
  /** Folder of the producer, from which files are read. */
  readonly folder: string;
}

const KEYS = ['description', 'settings', 'since', 'secrets', 'quiet_requests', 'polls'];

/** The scenarios of a producer's folder. @throws {TypeError} for one that is none. */
export function scenariosOf(folder: string): readonly Scenario[] {
  const scenarios = join(folder, 'scenarios');
  if (!existsSync(scenarios)) return [];
  return readdirSync(scenarios)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.golden.json'))
    .sort()
    .map((file) => readScenario(folder, file));
}

function readScenario(folder: string, file: string): Scenario {
  const given: Record<string, unknown> = JSON.parse(readFileSync(join(folder, 'scenarios', file), 'utf8'));
  const wrong = KEYS.filter((key) => given[key] === undefined);
  const unknown = Object.keys(given).filter((key) => !KEYS.includes(key));
  if (wrong.length + unknown.length > 0)
    throw new TypeError(
      `${file}: a scenario has ${KEYS.join(', ')}; missing: ${wrong.join(', ') || 'none'}, unknown: ${unknown.join(', ') || 'none'}`,
    );
  return {
    ...(given as unknown as Omit<Scenario, 'name' | 'folder'>),
    name: file.replace(/\.json$/, ''),
    folder,
  };
}

/** The bytes of an answer. */
export function bodyOf(answer: ScriptedAnswer, folder: string): string {
  if (answer.file !== undefined) return readFileSync(join(folder, answer.file), 'utf8');
  return answer.body === undefined ? '' : JSON.stringify(answer.body);
}

/** What is asked, as a scenario sees it. */
export interface Request {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly range: string | undefined;
}

/** The answer to a request in a poll; null when the scenario has none. */
export function answerTo({ polls }: Scenario, poll: number, request: Request): ScriptedAnswer | null {
  for (let index = poll; index >= 0; index -= 1) {
    const [found] = (polls[index]?.answers ?? [])
      .filter((answer) => fits(answer, request))
      .sort((a, b) => exactness(b) - exactness(a));
    if (found !== undefined) return found;
  }
  return null;
}

/** How much of a request an answer names: the one that names most is meant. */
const exactness = ({ query = {}, range }: ScriptedAnswer): number =>
  Object.keys(query).length + (range === undefined ? 0 : 1);

const fits = (answer: ScriptedAnswer, { path, query, range }: Request): boolean =>
  answer.path === path &&
  (answer.range === undefined || answer.range === range) &&
  Object.entries(answer.query ?? {}).every(([name, value]) => query[name] === value);
