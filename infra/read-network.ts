/**
 * Reads the network that producers poll from.
 */
import { list, object, optional, type Reader, text, whole, wrong } from './read.ts';

export type ResolvedNetwork = ReturnType<typeof readNetwork>;

export function readNetwork(value: unknown, path: string) {
  const read = object({
    availabilityZones: optional(zones, 3),
    natGateways: optional(whole(1, 6), 1),
  })(value, path);
  const count =
    typeof read.availabilityZones === 'number' ? read.availabilityZones : read.availabilityZones.length;
  if (read.natGateways > count) {
    wrong(
      `${path}.natGateways`,
      String(read.natGateways),
      `at most one for each of the ${count} availability zones`,
    );
  }
  return read;
}

const zones: Reader<number | readonly string[]> = (value, path) =>
  Array.isArray(value)
    ? list(text(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, 'an availability zone such as eu-west-1a'))(value, path)
    : whole(1, 6)(value, path);
