import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { tcpProxy } from '../setup/tcp-proxy.js';
import { allMinutes, servers } from './servers.js';

// A server of schedules whose Postgres goes away and comes back.

const database = testDatabase();

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Proxy = Awaited<ReturnType<typeof tcpProxy>>;

/** Harm to the connections of a server; resolves with what undoes it. */
const harms: [name: string, harm: (proxy: Proxy) => Promise<() => void>][] = [
  [
    'is not there',
    async (proxy) => {
      const { target } = proxy;
      proxy.target = await closedPort();
      proxy.cut();
      return () => {
        proxy.target = target;
      };
    },
  ],
  [
    'says nothing more',
    async (proxy) => {
      proxy.swallow();
      return () => {
        proxy.heal();
        proxy.cut();
      };
    },
  ],
];

describe.each(harms)('Postgres %s for a while', (kind, harm) => {
  test('no slot is missed, and none is run twice', async () => {
    const address = new URL(database.url);
    const proxy = await tcpProxy(Number(address.port));
    address.hostname = '127.0.0.1';
    address.port = String(proxy.port);
    address.searchParams.set('query_timeout', '1000');
    const name = `outage_${kind.replaceAll(' ', '_')}`;
    const at = servers('pg:', { minuteMs: 400, env: { DATABASE_URL: address.href }, name, overlap: 'allow' });
    const server = at.start();
    await server.ready;
    const begun = () => at.noted('began').length;
    await expect.poll(begun, { timeout: 60_000 }).toBeGreaterThan(3);
    for (let outage = 0; outage < 2; outage++) {
      const before = begun();
      const told = () => at.said().split('"event":"error"').length;
      const errors = told();
      const undo = await harm(proxy);
      await expect.poll(told, { timeout: 60_000 }).toBeGreaterThan(errors);
      undo();
      await expect.poll(begun, { timeout: 60_000 }).toBeGreaterThan(before + 5);
    }
    // The last word of a change is lost, and the change is made.
    for (let lost = 0; lost < 5; lost++) {
      const before = begun();
      proxy.cutAnswerTo('commit');
      await expect.poll(begun, { timeout: 60_000 }).toBeGreaterThan(before + 1);
    }
    await server.end();
    const slots = await at.slots();
    const started = slots.filter(({ attempt }) => attempt > 0);
    expect(at.noted('began')).toEqual(allMinutes(started));
    expect(at.noted('ended')).toEqual(allMinutes(started));
    expect(slots.filter(({ state }) => state !== 'ran' && state !== 'waiting')).toEqual([]);
  }, 180_000);
});
