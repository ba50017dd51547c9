import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openRunStore } from '../../src/loggers/run-store.js';
import { testDatabase } from '../setup/database.js';
import { sendResult } from '../setup/kept-run.js';
import { openLog, writeAll } from '../setup/postgres-log.js';

const database = testDatabase();

test('an export that is read slowly goes on past the limit of a statement', async () => {
  const log = await openLog('slow_log', database.url);
  const text = 'x'.repeat(2_000);
  await writeAll(
    log,
    Array.from({ length: 20_000 }, (_, position) => sendResult(position, { errorText: text })),
  );
  const url = new URL(database.url);
  url.searchParams.set('query_timeout', '300');
  const store = await openRunStore('pg:slow_log', { DATABASE_URL: url.href });
  let rows = 0;
  for await (const some of store.rows({})) {
    if (rows === 0) await sleep(600);
    rows += some.length;
  }
  await store.close();
  expect(rows).toBe(20_000);
});
