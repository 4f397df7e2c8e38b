/** The entry of the loader's function: the handler with its real ports. */
import { records } from '../../.generated/records.ts';
import { realPorts, realRepairs } from '../ports.ts';
import { createHandler } from './load.ts';

export const handler = createHandler(records, { ...realPorts(), repairs: realRepairs() });
