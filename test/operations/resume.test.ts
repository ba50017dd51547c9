import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush } from '../setup/driver-push.js';
import { httpServer, reply } from '../setup/http.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

// A run of real processes that is ended and started again: what it remembers, where its log is not there any more, and
// what it refuses.

const ROWS = 2_000;

const database = testDatabase();

/** Where the log goes, what its processes need for it, and how somebody moves it away. */
const STORES = {
  pg: async () => ({
    log: 'pg:moved_log',
    environment: { DATABASE_URL: database.url } as Record<string, string>,
    moveAway: async () => void (await database.query('alter table moved_log rename to gone_log')),
  }),
  file: async () => {
    const folder = temporaryFolder();
    return {
      log: `file:${folder}`,
      environment: {} as Record<string, string>,
      moveAway: async () => renameSync(join(folder, 'night.0.ndjson'), join(folder, 'gone')),
    };
  },
  yt: async () => {
    const { client, address } = await localCluster();
    await client.create('map_node', '//home/crm', { recursive: true });
    return {
      log: 'yt://home/crm/log',
      environment: { YT_PROXY: address } as Record<string, string>,
      moveAway: async () => void (await client.remove('//home/crm/log')),
    };
  },
};

/** A provider that counts what it receives by recipient, and a file of rows. */
async function scene() {
  const received = new Map<string, number>();
  const provider = await httpServer((request, response) => {
    const { to } = JSON.parse(request.body) as { to: string };
    received.set(to, (received.get(to) ?? 0) + 1);
    reply(response, 200, { id: 'p' });
  });
  const file = join(temporaryFolder(), 'rows.ndjson');
  writeFileSync(file, Array.from({ length: ROWS }, (_, at) => `${JSON.stringify(row(at))}\n`).join(''));
  return { received, provider, file };
}

describe.each(Object.keys(STORES) as (keyof typeof STORES)[])('on %s a run', (store) => {
  test('goes on from its ledger alone, at another speed, and then has nothing to do', async () => {
    const { log, environment, moveAway } = await STORES[store]();
    const { received, provider, file } = await scene();
    const start = (...flags: string[]) =>
      startDriverPush(
        'one-shot',
        [
          '--recipients',
          `file:${file}`,
          '--log',
          log,
          '--endpoint',
          provider.origin,
          '--run-id',
          'night',
          ...flags,
        ],
        { ...environment, PUSH_TOKEN: 't' },
      );
    const first = start('--rate-limit', '400');
    await expect.poll(() => received.size, { timeout: 20_000 }).toBeGreaterThan(300);
    first.child.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 75 });
    const before = received.size;
    expect(before).toBeLessThan(ROWS);
    await moveAway();

    const second = await start('--concurrency', '8').ended;
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining('run night goes on') });
    expect(second.output).toContain(`${before.toLocaleString('en-US')} rows were done by an earlier start`);
    expect(received.size).toBe(ROWS);
    expect([...received.values()].every((times) => times === 1)).toBe(true);

    const third = await start().ended;
    expect(third).toMatchObject({ code: 0, output: expect.stringContaining('nothing is left to send') });
    expect([...received.values()].every((times) => times === 1)).toBe(true);
  });
});

test('a run is not gone on with by another param or over other rows, and says what has changed', async () => {
  const { received, provider, file } = await scene();
  const folder = temporaryFolder();
  const start = (endpoint: string, ...flags: string[]) =>
    startDriverPush(
      'one-shot',
      ['--recipients', `file:${file}`, '--log', `file:${folder}`, '--endpoint', endpoint, ...flags],
      { PUSH_TOKEN: 't' },
    ).ended;
  expect(await start(provider.origin, '--run-id', 'night')).toMatchObject({ code: 0 });
  const otherParam = await start(`${provider.origin}/other`, '--run-id', 'night');
  expect(otherParam.code).toBe(78);
  expect(otherParam.output).toContain(
    `param endpoint: was "${provider.origin}", is "${provider.origin}/other"`,
  );
  expect(otherParam.output).toContain('--fresh');
  appendFileSync(file, `${JSON.stringify(row(ROWS))}\n`);
  const otherRows = await start(provider.origin, '--run-id', 'night');
  expect(otherRows.code).toBe(78);
  expect(otherRows.output).toContain('content of the input: was "sha256:');
  expect(received.size).toBe(ROWS);
  // Without a name of its own it is another run, since the input is another one.
  expect(await start(provider.origin)).toMatchObject({ code: 0 });
  expect(received.size).toBe(ROWS + 1);
});

/** A proxy whose first connections take everything and give nothing back, and are never closed. */
async function halfOpen(port: number, connections: number): Promise<string> {
  const sockets = new Set<Socket>();
  let swallowed = 0;
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    if (swallowed++ < connections) return void client.resume();
    const upstream = connect(port, '127.0.0.1');
    sockets.add(upstream);
    upstream.on('error', () => {});
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('connections to the provider that are swallowed cost their timeout, and no message', {
  timeout: 60_000,
}, async () => {
  const { received, provider, file } = await scene();
  const endpoint = await halfOpen(Number(new URL(provider.origin).port), 3);
  const flags = [
    '--recipients',
    `file:${file}`,
    '--log',
    `file:${temporaryFolder()}`,
    '--endpoint',
    endpoint,
  ];
  const { code, output } = await startDriverPush('one-shot', flags, { PUSH_TOKEN: 't' }).ended;
  expect(output).toContain('2,000 sent');
  expect(code).toBe(0);
  expect(received.size).toBe(ROWS);
});
