/** Generated files exist before any test imports them. */
import { generate } from '../infra/generate.ts';

export async function setup(): Promise<void> {
  await generate();
}
