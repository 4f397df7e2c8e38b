/** The plan: every fault that is tried on the synthesised stack, in the order in which a record meets them. */
import type { StackFault } from '../fault.ts';
import { deliveryFaults } from './delivery.ts';
import { loaderFaults } from './loader.ts';
import { producerFaults } from './producer.ts';
import { streamFaults } from './stream.ts';
import { timeFaults } from './time.ts';
import { vendorFaults } from './vendor.ts';

export const plan: readonly StackFault[] = [
  ...vendorFaults,
  ...producerFaults,
  ...streamFaults,
  ...deliveryFaults,
  ...loaderFaults,
  ...timeFaults,
];
