/** From which addresses Firehose comes to a warehouse, by region. */
import { Fact, FactName } from 'aws-cdk-lib/region-info';

/** As in `52.19.239.192/27`; null for a region of which the CDK knows none. */
export const firehoseBlock = (region: string): string | null =>
  Fact.find(region, FactName.FIREHOSE_CIDR_BLOCK) ?? null;
