/** The entry of the ranking's function: the handler with its real ports and the settings that the template gives it. */
import { realPorts } from '../ports.ts';
import { createHandler } from './rank.ts';

export const handler = createHandler(process.env.RANKING_SETTINGS, realPorts());
