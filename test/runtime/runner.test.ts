import { readFileSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Push } from 'zeromq';
import { startPushProvider } from '../../src/local/provider.js';
import { pushRows } from '../../src/readers/push-rows.js';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush, tableOf } from '../setup/driver-push.js';
import { httpServer, reply } from '../setup/http.js';
import { rtn } from '../setup/rtn.js';
import { temporaryFolder } from '../setup/yt.js';

// The whole way, with nothing replaced: the registry's driver_push, generated and started as a process of its own
// (from dist/, which `npm test` builds), a table in the local YTsaurus, a push service over HTTP, a log in Postgres.

const database = testDatabase();

function start(runner: string, flags: readonly string[], environment: Record<string, string>) {
  return startDriverPush(runner, flags, {
    DATABASE_URL: database.url,
    PUSH_TOKEN: 'token',
    ...environment,
  });
}

async function provider(options: Partial<Parameters<typeof startPushProvider>[0]> = {}) {
  const started = await startPushProvider({ token: 'token', ...options });
  onTestFinished(() => started.close());
  return started;
}

describe('one-shot', () => {
  test('sends a table, logs every row, and what the log calls sent is what the provider received', async () => {
    const push = await provider({ isGone: (to) => to === 'd7', throttleEvery: 150, failEvery: 40 });
    const { driver_id: _, ...incomplete } = row(500);
    const address = await tableOf([
      ...Array.from({ length: 500 }, (_unused, index) => row(index)),
      incomplete,
    ]);
    const summary = join(temporaryFolder(), 'summary.json');
    const { code, output } = await start(
      'one-shot',
      [
        '--recipients',
        'yt://home/recipients',
        '--endpoint',
        push.endpoint,
        '--log',
        'pg:whole_log',
        '--summary',
        summary,
        '--run-id',
        'run-a',
      ],
      { YT_PROXY: address },
    ).ended;
    expect(output).toContain('501 read, 499 sent, 2 rejected');
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(summary, 'utf8'))).toMatchObject({
      exitCode: 0,
      counts: { read: 501, left: 0, logged: { sent: 499, rejected: 2 } },
    });
    const logged = await database.query(
      "select recipient, provider_id from whole_log where outcome = 'sent'",
    );
    expect(logged.map(({ recipient, provider_id }) => [recipient, provider_id]).sort()).toEqual(
      [...push.receipts.values()].map(({ to, id }) => [to, id]).sort(),
    );
    expect(await database.query("select state, exit_code from rtn.starts where run_id = 'run-a'")).toEqual([
      { state: 'finished', exit_code: 0 },
    ]);
  });

  test.each<[string, number, string, string[], Record<string, string>]>([
    ['a refused token', 77, 'the provider answered 401', [], { PUSH_TOKEN: 'wrong' }],
    ['a table that is not there', 78, '//home/none', ['--recipients', 'yt://home/none'], {}],
    ['a param out of bounds', 64, 'concurrency', ['--concurrency', '0'], {}],
    ['no Postgres', 69, 'cannot connect to Postgres', [], { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/x' }],
    ['no secret', 64, 'PUSH_TOKEN', [], { PUSH_TOKEN: '' }],
  ])('ends with %s by code %i and says what', async (_, expected, message, flags, environment) => {
    const push = await provider();
    const address = await tableOf([row(1), row(2)]);
    const given = flags.includes('--recipients') ? flags : ['--recipients', 'yt://home/recipients', ...flags];
    const { code, output } = await start('one-shot', [...given, '--endpoint', push.endpoint], {
      YT_PROXY: address,
      ...environment,
    }).ended;
    expect(output).toContain(message);
    expect(output).not.toMatch(/\n\s+at /);
    expect(code).toBe(expected);
    expect(push.receipts.size).toBe(0);
  });

  test('--help tells inputs, outputs, params, secrets, environment and exit codes', async () => {
    const { code, output } = await start('one-shot', ['--help'], {}).ended;
    expect(code).toBe(0);
    for (const word of [
      '--recipients',
      '--log',
      '--concurrency',
      'Most requests in flight',
      'PUSH_TOKEN',
      'DATABASE_URL',
      'YT_PROXY',
      '78',
    ])
      expect(output).toContain(word);
  });
});

describe('service', () => {
  test('takes objects, arrays and garbage from a PUSH socket, and drains on SIGTERM', async () => {
    const push = await provider();
    const endpoint = `ipc://${join(temporaryFolder(), 'socket')}`;
    const { child, ended } = start(
      'service',
      ['--listen', endpoint, '--endpoint', push.endpoint, '--log', 'pg:service_log'],
      {},
    );
    const socket = new Push({ linger: 0 });
    onTestFinished(() => socket.close());
    socket.connect(endpoint);
    for (let index = 0; index < 50; index++) await socket.send(JSON.stringify(row(index)));
    await socket.send(JSON.stringify([row(50), row(51)]));
    await socket.send('{"message_id": "m');
    await socket.send('17');
    await socket.send(JSON.stringify(row(52)));
    await expect.poll(() => push.receipts.size, { timeout: 20_000 }).toBe(53);
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(output).toContain('55 read, 53 sent, 2 rejected');
    expect(code).toBe(0);
    expect(
      await database.query(
        "select error_code, count(*)::int from service_log where outcome = 'rejected' group by 1",
      ),
    ).toEqual([{ error_code: 'malformed', count: 2 }]);
  });

  test('keeps what a Stop left in a replay file, which rtn push brings to the next start', async () => {
    const push = await provider();
    const folder = temporaryFolder();
    const endpoint = `ipc://${join(folder, 'socket')}`;
    const flags = ['--listen', endpoint, '--endpoint', push.endpoint, '--log', 'pg:replay_log'];
    const stopped = start('service', [...flags, '--state-dir', folder, '--run-id', 'one/two'], {
      PUSH_TOKEN: 'wrong',
    });
    const rows = Array.from({ length: 3_000 }, (_, index) => row(index));
    await pushRows(endpoint, [{ ...row(0), big: 2n ** 60n, driver_id: 1 }, ...rows], {
      rowsPerMessage: 4_000,
    });
    const { code, output } = await stopped.ended;
    const file = join(folder, 'one%2Ftwo.replay.ndjson');
    expect(code).toBe(77);
    const [, left = ''] = /([\d,]+) rows were read and not sent; they are in /.exec(output) ?? [];
    expect(output).toContain(`next: rtn push ${file} --to ${endpoint}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(kept).toHaveLength(Number(left.replace(',', '')));

    const next = start('service', [...flags, '--state-dir', folder], {});
    const pushed = await rtn(['push', file, '--to', endpoint]);
    expect(pushed).toMatchObject({ code: 0, out: expect.stringContaining(`${kept.length} rows pushed to`) });
    await expect.poll(() => push.receipts.size, { timeout: 20_000 }).toBe(3_000);
    next.child.kill('SIGTERM');
    expect(await next.ended).toMatchObject({ code: 0, output: expect.stringContaining('3,000 sent') });
  });

  test('tells over HTTP how it stands, and is not ready any more while it drains', async () => {
    const waiting: ServerResponse[] = [];
    const slow = await httpServer((_, response) => void waiting.push(response));
    const endpoint = `ipc://${join(temporaryFolder(), 'socket')}`;
    const flags = ['--listen', endpoint, '--endpoint', slow.origin, '--log', 'pg:watch_log'];
    const { child, ended } = start('service', [...flags, '--health-port', '0'], {});
    const origin = await new Promise<string>((resolve) =>
      child.stderr.on('data', (chunk: Buffer) => {
        const [, found] = /health and metrics on (\S+)/.exec(chunk.toString()) ?? [];
        if (found !== undefined) resolve(found);
      }),
    );
    const status = async (path: string) => (await fetch(`${origin}${path}`)).status;
    await expect.poll(() => status('/readyz'), { timeout: 20_000 }).toBe(200);
    await pushRows(endpoint, [row(1), row(2)]);
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(2);
    const metrics = await (await fetch(`${origin}/metrics`)).text();
    expect(metrics).toMatch(/^rtn_in_flight 2$/m);
    expect(metrics).toMatch(/^rtn_in_flight_limit 20$/m);
    expect(metrics).toMatch(/^rtn_unlogged_rows 2$/m);
    child.kill('SIGTERM');
    await expect.poll(() => status('/readyz')).toBe(503);
    expect(await status('/healthz')).toBe(200);
    for (const response of waiting) reply(response, 200);
    expect(await ended).toMatchObject({ code: 0, output: expect.stringContaining('2 read, 2 sent') });
  });

  test('exits at once with 75 on a second signal, although a request is still under way', async () => {
    let requests = 0;
    const silent = await httpServer(() => {
      requests++;
    });
    const endpoint = `ipc://${join(temporaryFolder(), 'socket')}`;
    const { child, ended } = start(
      'service',
      ['--listen', endpoint, '--endpoint', silent.origin, '--log', 'pg:exit_log', '--run-id', 'run-exit'],
      {},
    );
    const socket = new Push({ linger: 0 });
    onTestFinished(() => socket.close());
    socket.connect(endpoint);
    await socket.send(JSON.stringify(row(1)));
    await expect.poll(() => requests, { timeout: 20_000 }).toBe(1);
    const told = new Promise((resolve) =>
      child.stderr.on('data', (chunk: Buffer) => chunk.includes('SIGTERM') && resolve(undefined)),
    );
    child.kill('SIGTERM');
    await told;
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 75 });
    expect(await database.query("select state from rtn.runs where run_id = 'run-exit'")).toEqual([
      { state: 'running' },
    ]);
  });
});
