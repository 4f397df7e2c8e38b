/** The entry of the function that loads skipped batches. */
import { realReloadPorts } from './ports.ts';
import { reload } from './reload.ts';

const ports = realReloadPorts();

export const handler = () => reload(ports);
