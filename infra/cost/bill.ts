/** The bill of a month: every resource of a synthesised template, with what it is charged for. */
import { awakeShare } from './awake.ts';
import { type Charge, FREE, meters } from './meters.ts';
import { type PriceName, prices } from './prices.ts';
import { resourcesOf } from './template.ts';
import { sum, trafficOf } from './traffic.ts';

export interface Line {
  readonly id: string;
  readonly type: string;
  readonly path: string;
  readonly usd: number;
  readonly charges: readonly (Charge & { readonly usd: number })[];
}

export interface Bill {
  readonly occurrences: number;
  readonly usd: number;
  /** What rests on prices that were not verified. */
  readonly unverifiedUsd: number;
  /** Every resource, dearest first. */
  readonly lines: readonly Line[];
  /** The share of the month that the warehouse is awake, 0 to 1. */
  readonly awake: number;
  /** The warehouse is not the stack's own, so that its hours awake are not on this bill. */
  readonly isWarehouseElsewhere: boolean;
}

/**
 * @param template as CDK synthesised it.
 * @param occurrences facts of all feeds in a month.
 * @throws {Error} naming every type of resource that has no price.
 */
export function billOf(template: unknown, occurrences: number): Bill {
  const resources = resourcesOf(template);
  const unknown = [...new Set(resources.map(({ type }) => type))].filter(
    (type) => !(type in meters) && !FREE.includes(type),
  );
  if (unknown.length > 0)
    throw new Error(
      `no price for ${unknown.sort().join(', ')}; add what is charged for it to infra/cost/meters.ts, or the type to FREE there`,
    );
  const traffic = trafficOf(resources, occurrences);
  const lines = resources
    .map((resource): Line => {
      const charges = (meters[resource.type]?.(resource, { resources, traffic }) ?? []).map((each) => ({
        ...each,
        usd: each.quantity * prices[each.price].usd,
      }));
      const { id, type, path } = resource;
      return { id, type, path, charges, usd: sum(charges.map(({ usd }) => usd)) };
    })
    .sort((one, other) => other.usd - one.usd || one.id.localeCompare(other.id));
  const charges = lines.flatMap((line) => line.charges);
  return {
    ...{ occurrences, lines, usd: sum(charges.map(({ usd }) => usd)) },
    unverifiedUsd: sum(charges.filter(({ price }) => !prices[price].verified).map(({ usd }) => usd)),
    awake: awakeShare(traffic.wakers),
    isWarehouseElsewhere: !resources.some(({ type }) => type === 'AWS::RedshiftServerless::Workgroup'),
  };
}

/** Lines that are alike, added up: by kind of resource, dearest first. */
export function byType({
  lines,
}: Bill): readonly { readonly type: string; readonly count: number; readonly usd: number }[] {
  return [...Map.groupBy(lines, ({ type }) => type)]
    .map(([type, of]) => ({ type, count: of.length, usd: sum(of.map(({ usd }) => usd)) }))
    .filter(({ usd }) => usd > 0)
    .sort((one, other) => other.usd - one.usd);
}

export const usdOf = (charges: Bill, name: PriceName): number =>
  sum(
    charges.lines.flatMap((line) => line.charges.filter(({ price }) => price === name).map(({ usd }) => usd)),
  );
