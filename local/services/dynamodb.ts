/** DynamoDB: dynalite, with its data in a directory. */
import dynalite from 'dynalite';
import { AwsError } from './call.ts';
import { type Emulator, startEmulator } from './emulator.ts';

export const DYNAMODB_TARGET = 'DynamoDB_20120810';

/** A table; types are string, number or binary. */
export interface TableDefinition {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey?: KeyAttribute;
}

interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

export interface DynamoDb extends Emulator {
  createTable(definition: TableDefinition): Promise<void>;
}

export async function startDynamoDb(path: string): Promise<DynamoDb> {
  const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const emulator = await startEmulator(server, DYNAMODB_TARGET, 'application/x-amz-json-1.0');
  return {
    ...emulator,
    async createTable({ name, partitionKey, sortKey }) {
      const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
      try {
        await emulator.call('CreateTable', {
          TableName: name,
          AttributeDefinitions: keys.map((key) => ({ AttributeName: key.name, AttributeType: key.type })),
          KeySchema: keys.map((key, index) => ({
            AttributeName: key.name,
            KeyType: index === 0 ? 'HASH' : 'RANGE',
          })),
          BillingMode: 'PAY_PER_REQUEST',
        });
      } catch (error) {
        if (!(error instanceof AwsError) || error.code !== 'ResourceInUseException') throw error;
      }
      for (;;) {
        const { Table: table } = await emulator.call('DescribeTable', { TableName: name });
        if (JSON.stringify(table).includes('"TableStatus":"ACTIVE"')) return;
      }
    },
  };
}
