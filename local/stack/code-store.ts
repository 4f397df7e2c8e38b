/**
 * The code of functions, each bundle in a folder of its own, as Lambda unpacks it.
 *
 * Bundles are copied out of the assembly: a new synth must not change a function at work. And there is a
 * package.json beside each: without one, Node would look for it in the folders above, find the project's, and
 * take a CommonJS bundle for an ES module.
 */
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class CodeStore {
  readonly #directory: string;
  readonly #assets: ReadonlyMap<string, string>;

  /** @param assets key in the assets bucket → folder in the assembly. */
  constructor(dataDir: string, assets: ReadonlyMap<string, string>) {
    this.#directory = join(dataDir, 'code');
    this.#assets = assets;
  }

  /** The folder with the code of an asset. @throws {Error} when the assembly has no such bundle. */
  folder(key: string): string {
    const source = this.#assets.get(key);
    if (source === undefined || !existsSync(source) || !statSync(source).isDirectory()) {
      throw new Error(`the assembly has no folder for the asset ${key}`);
    }
    // The key is the digest of what is in the folder: what is there already is the same.
    const target = join(this.#directory, key.replace(/\.zip$/, ''));
    if (!existsSync(target)) {
      mkdirSync(this.#directory, { recursive: true });
      cpSync(source, `${target}.new`, { recursive: true });
      const manifest = join(`${target}.new`, 'package.json');
      if (!existsSync(manifest)) writeFileSync(manifest, '{}\n');
      renameSync(`${target}.new`, target);
    }
    return realpathSync(target);
  }
}
