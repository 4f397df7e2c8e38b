/** The entry of the digest's function. */
import { createHandler } from './digest.ts';
import { realDigestPorts } from './ports.ts';

export const handler = createHandler(realDigestPorts());
