import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { openLog, writeAll } from '../setup/postgres-log.js';
import { sentResult } from '../setup/result.js';

// Roles are real, with the grants that docs/postgres.md names.

const database = testDatabase();
const USAGE = ['grant usage on schema rtn, house to ROLE'];
const READER = [
  ...USAGE,
  'grant select on house.log, rtn.runs, rtn.leases, rtn.starts, rtn.claims, rtn.unsent, rtn.migrations to ROLE',
];
const RUNNER = [
  ...USAGE,
  'grant insert on house.log, house.parts to ROLE',
  'grant select, insert, update, delete on all tables in schema rtn to ROLE',
];
let roles = 0;

beforeAll(async () => {
  await database.query('create schema house');
});

/** A role with these grants alone; gives its name and an address to connect with. */
async function role(grants: readonly string[]): Promise<{ name: string; url: string }> {
  const name = `role_${process.pid}_${roles++}`;
  await database.query(`create role ${name} login password 'secret'`);
  onTestFinished(async () => {
    await database.query(`drop owned by ${name}`);
    await database.query(`drop role ${name}`);
  });
  for (const grant of grants) await database.query(grant.replaceAll('ROLE', name));
  return { name, url: database.url.replace(/\/\/[^@]+@/, `//${name}:secret@`) };
}

async function makeTables(): Promise<void> {
  await writeAll(await openLog('house.log', database.url), [sentResult(0)]);
  await openLog('house.parts?partition=month', database.url);
}

test('a role that may only read reads the log and the ledger, and writes neither', async () => {
  await makeTables();
  const client = new pg.Client({ connectionString: (await role(READER)).url });
  await client.connect();
  onTestFinished(() => client.end());
  const report = `select outcome, state from house.log join rtn.runs using (run_id)
                   where xid::text::bigint < txid_snapshot_xmin(txid_current_snapshot())`;
  expect((await client.query(report)).rows).toContainEqual({ outcome: 'sent', state: 'running' });
  await expect(client.query('delete from house.log')).rejects.toMatchObject({ code: '42501' });
  await expect(client.query('update rtn.runs set ended_at = null')).rejects.toMatchObject({ code: '42501' });
});

test.each(['house.log', 'house.parts?partition=month'])(
  'a runner whose tables are there writes %s without the right to make or read one',
  async (target) => {
    await makeTables();
    const { url } = await role(RUNNER);
    const result = sentResult(1, { messageId: `by a runner: ${target}`, finishedAtMs: Date.now() });
    await writeAll(await openLog(target, url), [result]);
    const table = target.replace(/\?.*/, '');
    const rows = await database.query(`select from ${table} where message_id = $1`, [result.messageId]);
    expect(rows).toHaveLength(1);
  },
);

describe('a missing right is told as the GRANT that gives it', () => {
  test.each([
    ['usage of the ledger', [], 'house.log', 'grant usage on schema rtn to ROLE'],
    ['reading the steps', USAGE, 'house.log', 'grant select on table rtn.migrations to ROLE'],
    ['writing runs', READER, 'house.log', 'grant insert, update on table rtn.runs to ROLE'],
    [
      "usage of the log's schema",
      [...RUNNER, 'revoke usage on schema house from ROLE'],
      'house.log',
      'grant usage on schema house to ROLE',
    ],
    [
      'writing the log',
      [...RUNNER, 'revoke insert on house.log from ROLE'],
      'house.log',
      'grant insert on table house.log to ROLE',
    ],
    ['making a log', RUNNER, 'house.fresh', 'grant create on schema house to ROLE'],
  ])('%s', async (_, grants, target, next) => {
    await makeTables();
    const { name, url } = await role(grants);
    await expect(openLog(target, url)).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining(`the role ${name} has no`),
      next: next.replace('ROLE', name),
    });
  });

  test.each([
    [
      'making a partition',
      ['alter table house.days owner to ROLE', ...RUNNER],
      'grant create on schema house to ROLE',
    ],
    ["making a partition of another's log", RUNNER, 'grant rtn to ROLE'],
  ])('%s', async (_, grants, next) => {
    await makeTables();
    await openLog('house.days?partition=day', database.url);
    onTestFinished(async () => {
      await database.query('drop table if exists house.days');
    });
    const { name, url } = await role([...grants, 'grant insert on house.days to ROLE']);
    const log = await openLog('house.days?partition=day', url);
    const later = sentResult(0, { finishedAtMs: Date.UTC(2030, 0, 1) });
    await expect(writeAll(log, [later])).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('the partition of 2030-01-01 of the log table house.days'),
      next: expect.stringContaining(next.replace('ROLE', name)),
    });
    expect(log.unwritten).toEqual([later]);
  });
});
