import type { Pool, PoolClient } from 'pg';
import { RtnError } from '../error.js';
import { requireGrants } from '../postgres/grants.js';
import type { TableName } from '../postgres/identifier.js';
import type { LogTarget, PartitionPeriod } from '../postgres/log-target.js';
import { locked } from '../postgres/migrations.js';

/** From when, inclusive, until when, in milliseconds since the epoch. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The partitions of a log table, made before the rows that go into them. There is no DEFAULT partition: rows that it
 * took would stand in the way of the partition that they belong to.
 */
export class LogPartitions {
  readonly #table: TableName;
  readonly #period: PartitionPeriod | undefined;
  /** By the start of their span. */
  readonly #made = new Set<number>();
  #last: Span = { fromMs: 0, untilMs: 0 };

  constructor({ table, period }: LogTarget) {
    this.#table = table;
    this.#period = period;
  }

  /** Makes the partition of now and the one after: a run that starts can go on past the end of the first. */
  async makeAhead(pool: Pool, nowMs: number): Promise<void> {
    if (this.#period === undefined) return;
    const { untilMs } = spanOf(nowMs, this.#period);
    await this.cover(pool, [nowMs, untilMs]);
  }

  /** Makes the partitions that rows of these times go into, where they are missing. */
  async cover(pool: Pool, timesMs: Iterable<number>): Promise<void> {
    if (this.#period === undefined) return;
    for (const timeMs of timesMs) {
      if (timeMs >= this.#last.fromMs && timeMs < this.#last.untilMs) continue;
      const span = spanOf(timeMs, this.#period);
      if (!this.#made.has(span.fromMs)) await makePartition(pool, this.#table, this.#period, span);
      this.#made.add(span.fromMs);
      this.#last = span;
    }
  }
}

function spanOf(timeMs: number, period: PartitionPeriod): Span {
  const time = new Date(timeMs);
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()];
  return period === 'month'
    ? { fromMs: Date.UTC(year, month), untilMs: Date.UTC(year, month + 1) }
    : { fromMs: Date.UTC(year, month, day), untilMs: Date.UTC(year, month, day + 1) };
}

async function makePartition(
  pool: Pool,
  table: TableName,
  period: PartitionPeriod,
  span: Span,
): Promise<void> {
  const day = new Date(span.fromMs).toISOString().slice(0, period === 'day' ? 10 : 7);
  const what = `the partition of ${day} of the log table ${table.text} could not be made`;
  await locked(pool, what, async (client) => {
    const { schema, owner, role, isOwner } = await ownerOf(client, table);
    const partition = `"${schema.replaceAll('"', '""')}"."${table.table}_${day.replaceAll('-', '')}"`;
    if (await isAttached(client, table, partition)) return;
    if (!isOwner)
      throw new RtnError('credentials', `${what}: the role ${role} is not the owner of ${table.text}`, {
        next: `grant ${owner} to ${role}, or let ${owner} make the partitions ahead`,
      });
    await requireGrants(client, what, [{ on: 'schema', name: schema, privileges: ['create'] }]);
    await attach(client, table, partition, span);
  });
}

interface TableOwner {
  readonly schema: string;
  readonly owner: string;
  readonly role: string;
  readonly isOwner: boolean;
}

async function ownerOf(client: PoolClient, table: TableName): Promise<TableOwner> {
  const { rows } = await client.query<TableOwner>(
    `select nspname as schema, pg_get_userbyid(relowner) as owner, current_user as role,
            pg_has_role(relowner, 'usage') as "isOwner"
       from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = to_regclass($1)`,
    [table.sql],
  );
  const [found] = rows;
  if (found === undefined) throw new RtnError('storage', `the log table ${table.text} is gone`);
  return found;
}

async function isAttached(client: PoolClient, table: TableName, partition: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'select from pg_inherits where inhparent = to_regclass($1) and inhrelid = to_regclass($2)',
    [table.sql, partition],
  );
  return rowCount === 1;
}

/** Made apart and then attached: `create table … partition of` would wait for every reader of the log, and block them. */
async function attach(
  client: PoolClient,
  table: TableName,
  partition: string,
  { fromMs, untilMs }: Span,
): Promise<void> {
  const [from, until] = [fromMs, untilMs].map((timeMs) => new Date(timeMs).toISOString());
  await client.query(`create table ${partition} (like ${table.sql} including all)`);
  await client.query(
    `alter table ${table.sql} attach partition ${partition} for values from ('${from}') to ('${until}')`,
  );
}
