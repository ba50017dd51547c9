import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { thisHolder } from '../../src/pipeline/holder.js';
import { tcpProxy } from '../setup/tcp-proxy.js';
import { harmfulProxy } from '../setup/yt-proxy.js';
import { ownPostgres } from './cluster.js';
import { expectedRows, makeLog, sorted, writeRows } from './log.js';
import { archive, move, rowsOf } from './move.js';

// Two movers of one log, movers that died, and connections that are lost.

const postgres = ownPostgres();

/** A log with so many transactions of ten rows. */
async function filledLog(name: string, transactions: number): Promise<string> {
  const log = await makeLog(postgres, name);
  for (let from = 0; from < transactions * 10; from += 10)
    await writeRows(postgres, log, { from, count: 10 });
  return log;
}

describe('two movers of one log', () => {
  test('at once move each row once, and both end well when they wait for each other', async () => {
    const { client, folder, environment } = await archive(postgres);
    const log = await filledLog('two_log', 60);
    const expected = await expectedRows(postgres, log);
    const run = { environment, waitMs: 60_000 };
    const reports = await Promise.all([0, 1].map(() => move(log, folder, run, { batchRows: 10 })));
    const moved = reports.map(({ summary }) => summary.rows_moved as number);
    expect(moved.reduce((sum, rows) => sum + rows)).toBe(600);
    expect(reports.map(({ isComplete }) => isComplete)).toEqual([true, true]);
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
  });

  test('where one has the folder: the other names it and is to be started again', async () => {
    const { client, folder, environment } = await archive(postgres);
    const log = await filledLog('held_log', 1);
    await client.create('map_node', folder);
    const holder = await client.startTransaction({
      title: 'rtn archive pass-0 moves the log',
      attributes: { rtn_holder: thisHolder() },
    });
    await client.lock(folder, { mode: 'exclusive', transaction: holder });
    await expect(move(log, folder, { environment, waitMs: 300 })).rejects.toMatchObject({
      code: 'temporary',
      message: expect.stringMatching(
        new RegExp(`is locked by process ${process.pid} on .*, "rtn archive pass-0 moves the log", since 20`),
      ),
    });
    await holder.abort();
    expect((await move(log, folder, { environment })).summary).toMatchObject({ rows_moved: 10 });
  });

  test('where the one that has the folder is dead: its transaction is ended, and nobody waits', async () => {
    const { client, folder, environment } = await archive(postgres);
    const log = await filledLog('dead_log', 1);
    await client.create('map_node', folder);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    await once(child, 'spawn');
    const [host, scope] = thisHolder().split('/');
    const dead = await client.startTransaction({
      timeoutMs: 3_600_000,
      attributes: { rtn_holder: `${host}/${scope}/${child.pid}/1` },
    });
    await client.lock(folder, { mode: 'exclusive', transaction: dead });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await move(log, folder, { environment, waitMs: 0 })).summary).toMatchObject({ rows_moved: 10 });
    expect(await client.exists(`#${dead.id}`)).toBe(false);
    dead.detach();
  });
});

describe('what is lost on the way', () => {
  test('the answer to a commit: the rows are there once, and are told', async () => {
    const { client, address, folder, environment } = await archive(postgres);
    const log = await filledLog('answer_log', 5);
    const expected = await expectedRows(postgres, log);
    let commits = 0;
    const isLost = (command: string) => command === 'commit_transaction' && ++commits === 2;
    // The client repeats the call under one mutation id; a proxy that fails then says nothing of what came of it.
    const proxy = await harmfulProxy(address, (command) => {
      if (isLost(command)) return 'lose answer';
      return command === 'commit_transaction' && commits === 3 ? { ytCode: 11000 } : 'pass';
    });
    const through = { ...environment, YT_PROXY: proxy.address, YT_USE_HOSTS: '0' };
    const { summary } = await move(log, folder, { environment: through }, { batchRows: 10 });
    expect(summary).toMatchObject({ rows_moved: 50, batches: 5, rows_deleted: 50 });
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
  });

  test('the connections to Postgres, in the middle of a COPY: the batch is moved again, once', async () => {
    const { client, folder, environment } = await archive(postgres);
    const log = await makeLog(postgres, 'cut_log');
    for (let from = 0; from < 30_000; from += 10_000) await writeRows(postgres, log, { from, count: 10_000 });
    const expected = await expectedRows(postgres, log);
    const url = new URL(postgres.url);
    const proxy = await tcpProxy(Number(url.port));
    url.port = String(proxy.port);
    proxy.cutAnswerTo('copy (select');
    const warnings: string[] = [];
    const { summary } = await move(
      log,
      folder,
      {
        environment: { ...environment, DATABASE_URL: url.href },
        warn: (message) => void warnings.push(message),
      },
      { batchRows: 10_000 },
    );
    expect(warnings.length).toBeGreaterThan(0);
    expect(summary).toMatchObject({ rows_moved: 30_000, rows_deleted: 30_000 });
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
  });

  test('rows that somebody deletes between counting and reading: the batch is counted anew', async () => {
    const { client, address, folder, environment } = await archive(postgres);
    const log = await filledLog('purged_log', 5);
    let isPurged = false;
    const proxy = await harmfulProxy(address, async (command) => {
      // The table is made before the rows are read.
      if (command === 'create' && !isPurged) {
        const isTable = await client.exists(folder);
        if (isTable) await postgres.query(`delete from ${log} where position in (3, 25)`);
        isPurged = isTable;
      }
      return 'pass' as const;
    });
    const through = { ...environment, YT_PROXY: proxy.address, YT_USE_HOSTS: '0' };
    const warnings: string[] = [];
    const run = { environment: through, warn: (message: string) => void warnings.push(message) };
    const { summary } = await move(log, folder, run, { batchRows: 10 });
    expect(warnings).toEqual([
      'purged_log changed while it was moved: expected 10 rows of 2026-01-01, got 9; counting again',
    ]);
    expect(summary).toMatchObject({ rows_moved: 48, rows_deleted: 48, rows_left: 0 });
    const positions = (await rowsOf(client, folder)).map(({ position }) => position);
    expect(new Set(positions).size).toBe(48);
    expect(positions).not.toContain(25);
  });
});
