import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../src/postgres/migrations.js';
import { testDatabase } from '../setup/database.js';
import { openLog } from '../setup/postgres-log.js';

const database = testDatabase();

function newPool(url = database.url): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  onTestFinished(() => pool.end());
  return pool;
}

const steps = () => database.query('select step from rtn.migrations order by step');

test('runners that migrate a fresh database at once all succeed, and each step is taken once', async () => {
  await Promise.all(
    Array.from({ length: 12 }, () => newPool()).flatMap((pool) => [migrate(pool), migrate(pool)]),
  );
  const taken = await steps();
  expect(taken.map(({ step }) => step)).toEqual(taken.map((_, index) => index + 1));
  expect(taken.length).toBeGreaterThan(0);
});

test('a role that may make the schema, and nothing else, migrates a fresh database', async () => {
  const name = `maker_${process.pid}`;
  const url = new URL(database.url);
  await database.query('drop schema if exists rtn cascade');
  await database.query(`create role ${name} login password 'secret'`);
  onTestFinished(async () => {
    await database.query(`drop owned by ${name} cascade`);
    await database.query(`drop role ${name}`);
  });
  await database.query(`grant create on database ${url.pathname.slice(1)} to ${name}`);
  [url.username, url.password] = [name, 'secret'];
  await migrate(newPool(url.href));
  expect(await steps()).not.toEqual([]);
});

test('a role without that right is told the GRANT', async () => {
  const name = `stranger_${process.pid}`;
  const url = new URL(database.url);
  await database.query('drop schema if exists rtn cascade');
  await database.query(`create role ${name} login password 'secret'`);
  onTestFinished(async () => {
    await database.query(`drop role ${name}`);
  });
  [url.username, url.password] = [name, 'secret'];
  await expect(migrate(newPool(url.href))).rejects.toMatchObject({
    code: 'credentials',
    next: `grant create on database ${url.pathname.slice(1)} to ${name}`,
  });
});

test('a database that a newer runner has migrated is refused before anything is sent', async () => {
  await migrate(newPool());
  await database.query('insert into rtn.migrations (step) values (1000)');
  onTestFinished(async () => {
    await database.query('delete from rtn.migrations where step = 1000');
  });
  await expect(openLog('newer_log', database.url)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(/newer than this runner: it is at step 1000, the runner knows \d+$/),
    next: expect.stringContaining('update the package'),
  });
  expect(await database.query("select to_regclass('newer_log') as name")).toEqual([{ name: null }]);
});
