/** What must be known of the last deployment: which custom resources were made, and from what. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject } from './json.ts';

export interface SavedCustom {
  readonly physicalId: string;
  readonly properties: JsonObject;
}

export class StackState {
  readonly #path: string;
  readonly #customs: Map<string, SavedCustom>;

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
    this.#path = join(dataDir, 'stack.json');
    this.#customs = new Map(read(this.#path));
  }

  custom(logicalId: string): SavedCustom | null {
    return this.#customs.get(logicalId) ?? null;
  }

  saveCustom(logicalId: string, custom: SavedCustom): void {
    this.#customs.set(logicalId, custom);
    writeFileSync(`${this.#path}.new`, JSON.stringify({ customs: Object.fromEntries(this.#customs) }));
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function read(path: string): readonly [string, SavedCustom][] {
  if (!existsSync(path)) return [];
  const saved: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(saved) || !isObject(saved.customs)) return [];
  return Object.entries(saved.customs).flatMap(([logicalId, custom]): [string, SavedCustom][] =>
    isObject(custom) && typeof custom.physicalId === 'string' && isObject(custom.properties)
      ? [[logicalId, { physicalId: custom.physicalId, properties: custom.properties }]]
      : [],
  );
}
