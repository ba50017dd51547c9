import { RtnError } from '../error.js';
import type { YtClient } from './client.js';
import type { CallOptions, TransactionRef } from './options.js';
import { readSchema, type YtColumn } from './table-schema.js';

/** A static table frozen under a snapshot lock. Read it by `path` inside `transaction`, whatever happens to the name. */
export interface TableSnapshot {
  /** `#<node id>`. */
  readonly path: string;
  readonly nodeId: string;
  readonly rowCount: number;
  /** Columns of the schema; empty for a table without one. */
  readonly columns: readonly YtColumn[];
  readonly isSchemaStrict: boolean;
}

const ATTRIBUTES = ['type', 'row_count', 'schema', 'dynamic'];

interface TableAttributes {
  readonly type: string;
  readonly row_count?: number;
  readonly dynamic?: boolean | string;
  readonly schema?: unknown;
}

/** Freezes the table for as long as `transaction` lives; throws `configuration` when the path is no static table. */
export async function snapshotTable(
  client: YtClient,
  path: string,
  transaction: TransactionRef,
  options: Pick<CallOptions, 'signal'> = {},
): Promise<TableSnapshot> {
  const { nodeId } = await client.lock(path, { mode: 'snapshot', transaction, ...options });
  const frozen = `#${nodeId}`;
  const attributes = (await client.get(`${frozen}/@`, {
    attributes: ATTRIBUTES,
    transaction,
    ...options,
  })) as TableAttributes;
  if (attributes.type !== 'table') {
    throw new RtnError(
      'configuration',
      `YT ${path} at ${client.proxy} is no table: got a ${attributes.type}`,
      { next: 'give the path of a table' },
    );
  }
  if (attributes.dynamic === true || attributes.dynamic === 'true') {
    throw new RtnError(
      'configuration',
      `YT ${path} at ${client.proxy} is a dynamic table, expected a static one`,
      { next: 'copy its rows to a static table' },
    );
  }
  const { columns, isStrict } = readSchema(attributes.schema);
  return {
    path: frozen,
    nodeId,
    rowCount: attributes.row_count ?? 0,
    columns,
    isSchemaStrict: isStrict,
  };
}
