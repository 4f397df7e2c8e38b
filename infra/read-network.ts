/**
 * Reads the network that producers poll from.
 */
import { list, object, oneOf, optional, type Reader, text, whole, wrong } from './read.ts';

export type ResolvedNetwork = ReturnType<typeof readNetwork>;

const KINDS = ['nat-gateway', 'nat-instance', 'none'] as const;

/** @throws {ConfigurationError} for NATs where there is none, or more of them than zones. */
export function readNetwork(value: unknown, path: string) {
  const { natGateways, ...read } = object({
    kind: optional(oneOf(KINDS), 'nat-gateway' as const),
    availabilityZones: optional(zones, 3),
    natGateways: optional(whole(1, 6), undefined),
  })(value, path);
  if (read.kind === 'none' && natGateways !== undefined)
    wrong(`${path}.natGateways`, String(natGateways), "nothing, with network.kind 'none'");
  const nats = read.kind === 'none' ? 0 : (natGateways ?? 1);
  const count =
    typeof read.availabilityZones === 'number' ? read.availabilityZones : read.availabilityZones.length;
  if (nats > count) {
    wrong(`${path}.natGateways`, String(nats), `at most one for each of the ${count} availability zones`);
  }
  return { ...read, natGateways: nats };
}

const zones: Reader<number | readonly string[]> = (value, path) =>
  Array.isArray(value)
    ? list(text(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, 'an availability zone such as eu-west-1a'))(value, path)
    : whole(1, 6)(value, path);
