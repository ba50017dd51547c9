import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { copyTo } from '../../src/postgres/copy-to.js';
import { testDatabase } from '../setup/database.js';

const database = testDatabase();

test('a COPY goes on for as long as its rows are taken, whatever the limit of other statements is', async () => {
  const pool = new pg.Pool({ connectionString: database.url, query_timeout: 100 });
  onTestFinished(() => pool.end());
  const client = await pool.connect();
  const source = await copyTo(
    client,
    "copy (select repeat('x', 1000) from generate_series(1, 20000)) to stdout",
  );
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (bytes === 0) await sleep(300);
    bytes += chunk.length;
  }
  expect(bytes).toBe(20_000 * 1_001);
  expect(source.rowCount).toBe(20_000);
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  client.release();
});
