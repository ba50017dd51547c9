import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type LocalPostgres, startLocalPostgres } from '../../src/local/postgres.js';

/**
 * A Postgres of the test file's own: what is open in one database holds the horizon of all others, so that tests of
 * other files would be in the way. Nothing runs in it that the tests do not start.
 */
export function ownPostgres() {
  const directory = mkdtempSync(join(tmpdir(), 'rtn-test-move-'));
  const settings = { fsync: 'off', autovacuum: 'off', max_prepared_transactions: '5' };
  let server: LocalPostgres | undefined;
  let pool: pg.Pool | undefined;
  beforeAll(async () => {
    await chmod(directory, 0o755);
    server = await startLocalPostgres({ directory, settings });
    pool = new pg.Pool({ connectionString: server.url, max: 4 });
    pool.on('error', () => {});
  });
  afterAll(async () => {
    await pool?.end();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    get url(): string {
      return server?.url ?? '';
    },
    async query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
      return (await pool?.query(sql, values))?.rows ?? [];
    },
    /** A session of its own, closed at the end of the test. */
    async session(database = 'postgres'): Promise<pg.Client> {
      const client = new pg.Client(this.url.replace(/\/postgres$/, `/${database}`));
      client.on('error', () => {});
      await client.connect();
      onTestFinished(() => client.end().catch(() => {}));
      return client;
    },
  };
}

export type OwnPostgres = ReturnType<typeof ownPostgres>;
