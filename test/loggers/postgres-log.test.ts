import { describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';

const database = testDatabase();
describe('x', () => {
  test('y', async () => {
    expect((await database.query('select version() as v'))[0]?.v).toContain('PostgreSQL 18');
    await database.query('create table t (xid xid8 not null default pg_current_xact_id())');
    await database.query('create index on t using brin ((xid::text::bigint))');
  });
});
