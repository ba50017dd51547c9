import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';

export interface TestDatabase {
  /** For `DATABASE_URL`. Known once the tests run. */
  readonly url: string;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** A database of the test file's own on the shared server, dropped at its end. Call it at the top of the file. */
export function testDatabase(): TestDatabase {
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2)}`;
  const url = inject('postgresUrl').replace(/\/postgres$/, `/${name}`);
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  beforeAll(async () => {
    await admin.connect();
    await admin.query(`create database ${name}`);
  });
  afterAll(async () => {
    await pool.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });
  return { url, query: async (sql, values) => (await pool.query(sql, values)).rows };
}
