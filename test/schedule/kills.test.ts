import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { testDatabase } from '../setup/database.js';
import { httpServer, reply } from '../setup/http.js';
import { temporaryFolder } from '../setup/yt.js';
import { allMinutes, servers } from './servers.js';

const database = testDatabase();

/** A schedule of its own for each test: they share a database. */
const stores: [kind: string, history: () => { history: string; env: Record<string, string> }][] = [
  ['Postgres', () => ({ history: 'pg:', env: { DATABASE_URL: database.url } })],
  ['files', () => ({ history: `file:${temporaryFolder()}`, env: {} })],
];

test.each(stores)(
  '%s: a server that is killed again and again neither misses nor doubles a slot',
  async (kind, make) => {
    const { history, env } = make();
    const name = `killed_in_${kind.toLowerCase()}`;
    const at = servers(history, { minuteMs: 400, env, name, overlap: 'queue' });
    const dice = new VirtualClock({ seed: 7 });
    for (let kills = 0; kills < 10; kills++) {
      const server = at.start();
      await server.ready;
      // From before its first look to well within its runs.
      await pause(dice.random() * 900);
      await server.kill();
    }
    const last = at.start();
    await last.ready;
    await expect
      .poll(async () => (await at.slots()).filter(({ state }) => state === 'ran').length, { timeout: 60_000 })
      .toBeGreaterThan(20);
    await last.end();
    const slots = await at.slots();
    const begun = slots.filter(({ attempt }) => attempt > 0);
    expect(at.noted('began')).toEqual(allMinutes(begun));
    expect(at.noted('ended')).toEqual(allMinutes(begun));
    expect(slots.filter(({ state }) => state !== 'ran' && state !== 'waiting')).toEqual([]);
  },
  120_000,
);

test.each(stores)(
  '%s: two servers over one history start each slot once',
  async (kind, make) => {
    const { history, env } = make();
    const name = `two_in_${kind.toLowerCase()}`;
    const at = servers(history, { minuteMs: 400, env, name, overlap: 'allow' });
    const both = [at.start(), at.start()];
    await Promise.all(both.map(({ ready }) => ready));
    await expect
      .poll(async () => (await at.slots()).filter(({ state }) => state === 'ran').length, { timeout: 60_000 })
      .toBeGreaterThan(10);
    await Promise.all(both.map(({ end }) => end()));
    const slots = await at.slots();
    const begun = slots.filter(({ attempt }) => attempt > 0);
    expect(at.noted('began')).toEqual(allMinutes(begun));
    expect(new Set(begun.map(({ attempt }) => attempt))).toEqual(new Set([1]));
  },
  120_000,
);

test.each(stores)(
  '%s: alerts reach the webhook, whose address is in no output',
  async (kind, make) => {
    const { history, env } = make();
    let isBusy = true;
    const hook = await httpServer((_, response) => {
      reply(response, isBusy ? 503 : 200);
      isBusy = false;
    });
    const address = `${hook.origin}/hooks/T0K3N`;
    const at = servers(history, {
      minuteMs: 400,
      env: { ...env, HOOK: address, EXIT_CODE: '65' },
      name: `alerts_in_${kind.toLowerCase()}`,
      owner: 'crm',
      alert: { webhook: 'HOOK', events: ['failed'] },
    });
    const server = at.start();
    await server.ready;
    await expect.poll(() => hook.requests.length, { timeout: 60_000 }).toBeGreaterThan(2);
    await server.end();
    const [first] = await at.slots();
    const bodies = hook.requests.map(({ body }) => JSON.parse(body));
    expect(bodies).toContainEqual({
      event: 'failed',
      schedule: `alerts_in_${kind.toLowerCase()}`,
      slot: expect.stringMatching(/^2026-01-01T\d\d:\d\dZ$/),
      run_id: expect.stringMatching(/^alerts_in_\w+@2026-01-01T\d\d:\d\dZ$/),
      operation: 'driver_push',
      version: '1.0.0',
      owner: 'crm',
      project: null,
      exit_code: 65,
      reason: null,
      host: expect.any(String),
      time: expect.any(String),
    });
    expect(first).toMatchObject({ state: 'failed', alert: null });
    expect(at.said()).not.toContain('T0K3N');
  },
  120_000,
);
