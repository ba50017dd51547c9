import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { YtClient } from '../../src/yt/client.js';
import { localCluster } from '../setup/yt.js';
import { ownPostgres } from './cluster.js';
import { expectedRows, makeLog } from './log.js';
import { rowsOf } from './move.js';

// Movers that are killed at random moments, while writers go on: in the end the folder has each row that was committed,
// once and as it was, and the log has none. `npm run soak -- pg2yt` sets PG2YT_KILLS, for long: scripts/soak/pg2yt.mjs.

interface Settings {
  readonly kills: number;
  readonly seed: number;
}

const SHORT: Settings = { kills: 10, seed: 1 };
const settings: Settings =
  process.env.PG2YT_KILLS === undefined ? SHORT : { ...SHORT, ...JSON.parse(process.env.PG2YT_KILLS) };

const MOVER = join(import.meta.dirname, 'mover.mjs');
const OPTIONS = { batchRows: 300, deleteBatchRows: 100 };
const WRITERS = 3;
/** Writers pause while so many rows wait. */
const MOST_WAITING = 20_000;

const postgres = ownPostgres();

/** Mulberry32: the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes one transaction to the log and, in it, the same rows to `truth`. */
const WRITE = `with written as (
    insert into killed_log (run_id, operation, version, digest, message_id, position, outcome, recipient, channel, attempts,
      http_status, provider_id, error_code, error_text, suppress, started_at, finished_at)
    select $1, 'driver_push', '1.4.10', repeat('d', 64), 'm' || i, i, 'sent', 'driver "' || i || '"', 'http', 1,
           200, null, null, null, false, $4::timestamptz, $4::timestamptz + i * interval '1 second'
      from generate_series($2::bigint, $2::bigint + $3::bigint - 1) i
    returning *)
  insert into truth select * from written`;

/** Goes on until told to end: some transactions stay open for long, some are rolled back. */
async function write(
  client: pg.Client,
  name: string,
  next: () => number,
  isOver: () => boolean,
): Promise<void> {
  for (let position = 0; !isOver(); ) {
    const rows = 1 + Math.floor(next() ** 3 * 400);
    const at = new Date(Date.UTC(2026, 0, 1 + Math.floor(next() * 3))).toISOString();
    await client.query('begin');
    await client.query(WRITE, [name, position, rows, at]);
    if (next() < 0.05) await sleep(next() * 400);
    await client.query(next() < 0.1 ? 'rollback' : 'commit');
    position += rows;
    await sleep(next() * 20);
    for (;;) {
      const { rows: waiting } = await client.query<{ many: boolean }>(
        `select count(*) > ${MOST_WAITING} as many from killed_log`,
      );
      if (isOver() || waiting[0]?.many !== true) break;
      await sleep(100);
    }
  }
}

function start(folder: string, address: string, number: number): ChildProcess {
  const move = { table: 'killed_log', folder, options: OPTIONS, id: `kill-${number}` };
  return spawn(process.execPath, [MOVER], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: postgres.url,
      YT_PROXY: address,
      MOVE: JSON.stringify(move),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Where a kill has struck, as the folder tells it. */
async function stateOf(client: YtClient, folder: string): Promise<{ cursor: string; deleted: string }> {
  const none = { cursor: '0', deleted: '0' };
  if (!(await client.exists(folder))) return none;
  const found = (await client.get(`${folder}/@`, { attributes: ['rtn_pg2yt'] })) as {
    rtn_pg2yt?: typeof none;
  };
  return found.rtn_pg2yt ?? none;
}

function digests(rows: readonly Record<string, unknown>[]): string[] {
  return rows
    .map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
    .map((text) => createHash('sha1').update(text).digest('base64'))
    .sort();
}

test('killed again and again while writers go on, movers lose no row and double none', {
  timeout: 0,
}, async () => {
  const { kills, seed } = settings;
  const { client, address } = await localCluster();
  const folder = '//home/killed';
  await makeLog(postgres, 'killed_log');
  await postgres.query('create table truth (like killed_log)');
  const next = random(seed);
  let isOver = false;
  const writers = Array.from({ length: WRITERS }, async (_, index) =>
    write(await postgres.session(), `writer-${index}`, random(seed * 1_000 + index), () => isOver),
  );
  const figures = { kills: 0, starts: 0, endedBefore: 0, moved: 0, whileDeleting: 0 };
  let before = await stateOf(client, folder);
  while (figures.kills < kills) {
    const mover = start(folder, address, figures.starts++);
    onTestFinished(() => void mover.kill('SIGKILL'));
    const ended = once(mover, 'exit') as Promise<[number | null, string | null]>;
    await Promise.race([once(mover.stdout as NonNullable<ChildProcess['stdout']>, 'data'), ended]);
    await Promise.race([sleep(next() ** 2 * 1_500), ended]);
    mover.kill('SIGKILL');
    const [code, signal] = await ended;
    if (signal === 'SIGKILL') figures.kills++;
    else {
      expect(code).toBe(0);
      figures.endedBefore++;
    }
    const now = await stateOf(client, folder);
    if (signal === 'SIGKILL' && now.cursor !== before.cursor) figures.moved++;
    if (signal === 'SIGKILL' && now.cursor !== now.deleted) figures.whileDeleting++;
    before = now;
  }
  isOver = true;
  await Promise.all(writers);
  const last = start(folder, address, figures.starts);
  let said = '';
  last.stdout?.on('data', (text) => {
    said += text;
  });
  expect((await once(last, 'close'))[0]).toBe(0);
  expect(JSON.parse(said.split('\n')[1] ?? '')).toMatchObject({ rows_left: 0 });

  const [expected, got] = [await expectedRows(postgres, 'truth'), await rowsOf(client, folder)];
  process.stdout.write(
    `${figures.kills} kills of ${figures.starts} movers (${figures.endedBefore} had ended): ${figures.moved} after a commit, ${figures.whileDeleting} before all was deleted; ${expected.length} rows written, ${got.length} in the folder; seed ${seed}\n`,
  );
  expect(digests(got)).toEqual(digests(expected));
  expect(await postgres.query('select count(*)::int as count from killed_log')).toEqual([{ count: 0 }]);
});
