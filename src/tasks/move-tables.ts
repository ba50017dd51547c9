import { RtnError } from '../error.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { TransactionRef } from '../yt/options.js';
import { readSchema, type YtColumn, type YtSchema } from '../yt/table-schema.js';
import type { MoveColumn } from './move-columns.js';

const NO_SUCH_PATH = 500;

interface Found {
  readonly type: string;
  readonly dynamic?: boolean | string;
  readonly sorted?: boolean | string;
  readonly schema?: unknown;
  readonly row_count?: number;
}

/**
 * Makes the table of a day ready for rows of these columns, inside the transaction: made where it is missing, with a
 * column that is new added as an optional one, and one that the log has no more, or that may be null now, made optional.
 * Gives how many rows it has. Throws `configuration` where the table cannot take the log.
 */
export async function readyTable(
  client: YtClient,
  path: string,
  columns: readonly MoveColumn[],
  transaction: TransactionRef,
): Promise<number> {
  const found = await attributesOf(client, path, transaction);
  if (found === undefined) {
    const schema = withMarks(
      columns.map(({ name, type, isRequired }) => ({ name, type, required: isRequired })),
      true,
    );
    await client.create('table', path, { attributes: { schema, optimize_for: 'scan' }, transaction });
    return 0;
  }
  requireStatic(client, path, found);
  const schema = readSchema(found.schema);
  requireSchema(client, path, schema, columns);
  const changed = changedSchema(found.schema, schema, columns);
  if (changed !== undefined) await client.alterTable(path, { schema: changed, transaction });
  return found.row_count ?? 0;
}

/** How many rows a table has. */
export async function rowCount(client: YtClient, path: string, transaction: TransactionRef): Promise<number> {
  return Number(await client.get(`${path}/@row_count`, { transaction }));
}

/** The schema as it has to become; undefined where it may stay. Columns that stay are given back as the cluster gave them. */
function changedSchema(
  answered: unknown,
  { columns: there, isStrict }: YtSchema,
  columns: readonly MoveColumn[],
): object | undefined {
  const wanted = new Map(columns.map((column) => [column.name, column]));
  const names = new Set(there.map(({ name }) => name));
  const relaxed = there.map(({ name, isRequired }) => isRequired && wanted.get(name)?.isRequired !== true);
  const added = columns.filter(({ name }) => !names.has(name));
  if (added.length === 0 && !relaxed.includes(true)) return undefined;
  const raw = (answered as { readonly $value: readonly unknown[] }).$value;
  const kept = there.map((column, index) => (relaxed[index] ? optional(column) : raw[index]));
  return withMarks([...kept, ...added.map(optional)], isStrict);
}

function optional({ name, type }: Pick<YtColumn, 'name' | 'type'>): object {
  return { name, type, required: false };
}

function withMarks(columns: readonly unknown[], isStrict: boolean): object {
  return { $value: columns, $attributes: { strict: isStrict, unique_keys: false } };
}

function requireStatic(client: YtClient, path: string, { type, dynamic, sorted }: Found): void {
  const problem =
    type !== 'table'
      ? `it is a ${type}, not a table`
      : isTrue(dynamic)
        ? 'it is a dynamic table, expected a static one'
        : isTrue(sorted)
          ? 'it is sorted, and rows are appended as they come'
          : undefined;
  if (problem !== undefined) throw unfit(client, path, problem);
}

function requireSchema(
  client: YtClient,
  path: string,
  schema: YtSchema,
  columns: readonly MoveColumn[],
): void {
  if (schema.columns.length === 0) throw unfit(client, path, 'it has no schema');
  const there = new Map(schema.columns.map((column) => [column.name, column.type]));
  const changed = columns.filter(({ name, type }) => (there.get(name) ?? type) !== type);
  if (changed.length === 0) return;
  const list = changed.map(({ name, type }) => `${name} is ${there.get(name)}, and the log's is ${type}`);
  throw unfit(client, path, `its column ${list.join('; its column ')}`);
}

function unfit(client: YtClient, path: string, problem: string): RtnError {
  return new RtnError('configuration', `YT ${path} at ${client.proxy} cannot take the log: ${problem}`, {
    next: 'move the table out of the folder; the next start makes a new one in its place',
  });
}

async function attributesOf(
  client: YtClient,
  path: string,
  transaction: TransactionRef,
): Promise<Found | undefined> {
  const attributes = ['type', 'dynamic', 'sorted', 'schema', 'row_count'];
  try {
    return (await client.get(`${path}/@`, { attributes, transaction })) as Found;
  } catch (thrown) {
    if (hasYtCode(thrown, NO_SUCH_PATH)) return undefined;
    throw thrown;
  }
}

function isTrue(value: boolean | string | undefined): boolean {
  return value === true || value === 'true';
}
