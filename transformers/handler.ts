/** The entry of the transform's function: the handler with its real ports. */
import { occurredAt, validators } from '../.generated/validators.js';
import { realPorts } from './ports.ts';
import { createHandler } from './transform.ts';

export { createHandler };

export const handler = createHandler(realPorts(), validators, occurredAt);
