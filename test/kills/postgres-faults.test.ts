import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startLocalPostgres } from '../../src/local/postgres.js';
import { testDatabase } from '../setup/database.js';
import { type TcpProxy, tcpProxy } from '../setup/tcp-proxy.js';
import { temporaryFolder } from '../setup/yt.js';
import { Arena } from './arena.js';
import { judge } from './laws.js';
import type { Shape } from './start.js';
import { postgresStore } from './stores/postgres.js';

// What may happen to Postgres, and to the way to it, while a run goes on: the run goes on too, nothing is lost or doubled.

const database = testDatabase();
const SHAPE: Shape = { sender: 'async', isIdempotent: false, inDoubt: 'hold', window: 500 };
const NEVER_KILLED = { kills: 0, unseen: 0, doubts: [] };
const ROWS = 5_000;

/** A run that reaches the database by a proxy. */
async function arenaBehind(name: string, url: string, parameters = '') {
  const address = new URL(url);
  const proxy = await tcpProxy(Number(address.port));
  address.port = String(proxy.port);
  const store = postgresStore(address.href, `${address.href}${parameters}`);
  const options = { name, store, shape: SHAPE, rows: ROWS, seed: 7, runId: name };
  const arena = await Arena.open({ ...options, folder: join(temporaryFolder(), name) });
  onTestFinished(async () => {
    await arena.close();
    await store.close();
  });
  return { arena, proxy };
}

/** Runs it to its end, with something done to the proxy in the middle; then nothing may be lost, doubled or held. */
async function expectWhole(arena: Arena, harm: () => Promise<void>): Promise<string> {
  const started = arena.start();
  await arena.provider.until(() => arena.provider.effects.size > ROWS / 3);
  await harm();
  const ended = await started.ended;
  const { broken, figures } = judge(await arena.facts(ended, NEVER_KILLED));
  expect(broken).toEqual([]);
  expect(figures).toEqual({ kills: 0, lost: 0, doubles: 0, unknown: 0, held: 0 });
  expect(ended.code).toBe(0);
  return ended.output;
}

test('connections that are cut are made anew', async () => {
  const { arena, proxy } = await arenaBehind('cut', database.url);
  await expectWhole(arena, async () => proxy.cut());
});

test('the answer to a COMMIT that is lost doubles nothing', async () => {
  const { arena, proxy } = await arenaBehind('commit', database.url);
  expect(await expectWhole(arena, async () => proxy.cutAnswerTo('commit'))).toContain('trying again');
});

test('the answer to a claim that is lost doubles nothing', async () => {
  const { arena, proxy } = await arenaBehind('claim', database.url);
  const output = await expectWhole(arena, async () =>
    proxy.cutAnswerTo('insert into rtn.claims (run_id, shard, segment, claimed)'),
  );
  expect(output).toContain('messages could not be claimed');
});

test('a Postgres that is restarted is waited for', async () => {
  const directory = temporaryFolder();
  chmodSync(directory, 0o755);
  const settings = { fsync: 'off' };
  const first = await startLocalPostgres({ directory, settings });
  const { arena, proxy } = await arenaBehind('restart', first.url);
  await expectWhole(arena, async () => {
    await first.close();
    const second = await startLocalPostgres({ directory, settings });
    onTestFinished(() => second.close());
    proxy.target = Number(new URL(second.url).port);
  });
});

test('connections on which nothing comes back any more are given up', { timeout: 90_000 }, async () => {
  const { arena, proxy } = await arenaBehind('half_open', database.url, '?query_timeout=1000');
  await expectWhole(arena, () => swallowed(proxy));
});

test('a transaction that hangs on such a connection keeps nobody from the lease', {
  timeout: 90_000,
}, async () => {
  const { arena, proxy } = await arenaBehind('hanging', database.url, '?query_timeout=1000');
  await expectWhole(arena, async () => proxy.swallowFrom('commit'));
});

async function swallowed(proxy: TcpProxy): Promise<void> {
  proxy.swallow();
  await proxy.givenUp();
  proxy.heal();
}
