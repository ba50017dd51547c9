import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { parseLogTarget } from '../../src/postgres/log-target.js';
import { readColumns } from '../../src/tasks/move-columns.js';
import { planBatches } from '../../src/tasks/move-plan.js';
import { MoveSource } from '../../src/tasks/move-source.js';
import { ownPostgres } from './cluster.js';
import { makeLog, writeRows } from './log.js';

// What may happen to rows between two looks at them: none is taken for moved that was not.

const postgres = ownPostgres();
const ALL = { from: 0n, to: 2n ** 62n, batchRows: 100_000 };

function open(log: string): Promise<MoveSource> {
  const { table } = parseLogTarget(log);
  return MoveSource.open({ DATABASE_URL: postgres.url }, table, { name: 'test', isReadOnly: false });
}

describe('a batch of two days', () => {
  test.each([
    ['are updated', (log: string) => `update ${log} set error_text = 'x' where position % 2 = 0`],
    ['are put elsewhere', (log: string) => `vacuum full ${log}`],
    ['are purged', (log: string) => `delete from ${log} where position < 10`],
  ])('whose rows %s while they are counted is counted again', async (_, change) => {
    const log = await makeLog(
      postgres,
      `days_log_${(await postgres.query('select pg_current_xact_id()::text as n'))[0]?.n}`,
    );
    await writeRows(postgres, log, { from: 5_000, count: 1_000 });
    await writeRows(postgres, log, { from: 0, count: 1_000, at: '2026-01-01T23:59:59.500Z' });
    await postgres.query(`delete from ${log} where position >= 5000`);
    const source = await open(log);
    let queries = 0;
    const changing = {
      async query(sql: string, values?: unknown[]) {
        if (++queries === 2) await postgres.query(change(log));
        return source.pool.query(sql, values);
      },
    } as unknown as pg.Pool;
    try {
      await expect(planBatches(changing, source.table, ALL)).rejects.toMatchObject({
        code: 'unavailable',
        isRetriable: true,
        message: `${log} changed while it was counted`,
      });
      const { batches } = await planBatches(source.pool, source.table, ALL);
      const [{ rows } = {}] = await postgres.query(`select count(*)::int as rows from ${log}`);
      expect(batches).toMatchObject([{ rows, days: [{ day: '2026-01-01' }, { day: '2026-01-02' }] }]);
    } finally {
      await source.close();
    }
  });
});

test.each([
  ["alter column attempts type text using 'many'", /invalid input syntax/],
  ['alter column finished_at type date', undefined],
  ['alter column attempts type numeric', undefined],
])(
  'a column that was altered since it was read gives what is expected or fails: %s',
  async (alter, error) => {
    const log = await makeLog(
      postgres,
      `altered_log_${(await postgres.query('select pg_current_xact_id()::text as n'))[0]?.n}`,
    );
    await writeRows(postgres, log, { from: 0, count: 10, at: '2026-01-01T10:00:00Z' });
    const source = await open(log);
    try {
      const columns = await readColumns(source.pool, source.table);
      const { batches } = await planBatches(source.pool, source.table, ALL);
      const [batch] = batches;
      if (batch === undefined) throw new Error('no batch');
      await postgres.query(`alter table ${log} ${alter}`);
      let [rows, bytes] = [0, Buffer.alloc(0)];
      const read = async () => {
        for await (const piece of source.rows(batch, '2026-01-01', columns, (count) => {
          rows = count;
        }))
          bytes = Buffer.concat([bytes, piece]);
      };
      if (error !== undefined) return await expect(read()).rejects.toThrow(error);
      await read();
      expect(rows).toBe(10);
      // Eight bytes little-endian behind http: the attempts of the second row.
      const at = bytes.indexOf('http', bytes.indexOf('http') + 4) + 4;
      expect(bytes.readBigInt64LE(at)).toBe(2n);
    } finally {
      await source.close();
    }
  },
);
