import { RtnError, toRtnError } from '../error.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import { readSchema, type YtSchema } from '../yt/table-schema.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

const EXISTS = 501;

/** Types of YT for the log's own. `timestamp` is microseconds since the epoch; `string` holds any bytes. */
const TYPES: Readonly<Record<LogColumn['type'], string>> = {
  text: 'string',
  bigint: 'int64',
  int: 'int64',
  boolean: 'boolean',
  timestamptz: 'timestamp',
};

/** What a column of a table made by others may be, beside our own type. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  string: ['utf8', 'any'],
  int64: ['any'],
  boolean: ['any'],
  timestamp: ['int64', 'uint64', 'any'],
};

const SCHEMA = {
  $value: LOG_COLUMNS.map(({ name, type, isRequired }) => ({
    name,
    type: TYPES[type],
    required: isRequired,
  })),
  $attributes: { strict: true, unique_keys: false },
};

/** Makes the log's table when it is missing, else checks that it can take the log; throws `configuration` when not. */
export async function makeLogTable(client: YtClient, path: string): Promise<void> {
  if (await checkLogTable(client, path)) return;
  await checkParent(client, path);
  try {
    await client.create('table', path, { attributes: { schema: SCHEMA, optimize_for: 'scan' } });
  } catch (thrown) {
    if (!hasYtCode(thrown, EXISTS)) throw thrown;
    await checkLogTable(client, path);
  }
}

/** False where nothing stands at the path. */
async function checkLogTable(client: YtClient, path: string): Promise<boolean> {
  const found = await attributes(client, path, ['type', 'dynamic', 'sorted', 'schema']);
  if (found === undefined) return false;
  const problem = problemOf(found);
  if (problem === undefined) return true;
  throw new RtnError('configuration', `YT ${path} at ${client.proxy} cannot be the log: ${problem}`, {
    next: 'give the path of a send log, or of a table that is not there yet',
  });
}

function problemOf(found: Readonly<Record<string, unknown>>): string | undefined {
  if (found.type !== 'table') return `it is a ${found.type}, not a table`;
  if (isTrue(found.dynamic)) return 'it is a dynamic table, expected a static one';
  if (isTrue(found.sorted)) return 'it is sorted, and a log is appended to as results come';
  return schemaProblem(readSchema(found.schema));
}

function schemaProblem({ columns, isStrict }: YtSchema): string | undefined {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const problems: string[] = [];
  for (const { name, type, isRequired } of LOG_COLUMNS) {
    const [column, wanted] = [byName.get(name), TYPES[type]];
    if (column === undefined) {
      if (isStrict) problems.push(`it lacks the column ${name} (${wanted})`);
    } else if (column.type !== wanted && ALSO[wanted]?.includes(column.type) !== true) {
      problems.push(`its column ${name} is ${column.type}, expected ${wanted}`);
    } else if (column.isRequired && !isRequired) {
      problems.push(`its column ${name} is required, and results may have none`);
    }
    byName.delete(name);
  }
  for (const { name, isRequired } of byName.values())
    if (isRequired) problems.push(`its column ${name} is required, and a log has no such column`);
  return problems.length === 0 ? undefined : problems.join('; ');
}

async function checkParent(client: YtClient, path: string): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf('/'));
  // The root itself, or no path at all: the cluster's own words say it best.
  if (!parent.startsWith('//')) return;
  const found = await attributes(client, parent, ['type']);
  if (found?.type === 'map_node') return;
  const got = found === undefined ? 'does not exist' : `is a ${found.type}`;
  throw new RtnError(
    'configuration',
    `the log cannot be made: its folder ${parent} at ${client.proxy} ${got}`,
    { next: found === undefined ? `yt create map_node ${parent} --recursive` : 'give the log another path' },
  );
}

/** Undefined where no node can be read at the path; what is wrong there the next call says. */
async function attributes(
  client: YtClient,
  path: string,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return (await client.get(`${path}/@`, { attributes: names })) as Record<string, unknown>;
  } catch (thrown) {
    if (toRtnError(thrown).code === 'configuration') return undefined;
    throw thrown;
  }
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
