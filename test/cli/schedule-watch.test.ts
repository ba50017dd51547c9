import { randomUUID } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { SlotFinding } from '../../src/schedule/history.js';
import { slotText } from '../../src/schedule/slot.js';
import { testDatabase } from '../setup/database.js';
import { httpServer, reply } from '../setup/http.js';
import { scheduleHouse } from './schedule-house.js';

const ROOT = join(import.meta.dirname, '..', '..');
const database = testDatabase();
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const stores: [kind: string, environment: () => Record<string, string>][] = [
  ['Postgres', () => ({ DATABASE_URL: database.url })],
  ['files', () => ({})],
];

/** One slot a day, some hours ago, so that no test crosses into the next. */
const lastSlotMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 3 * 60 * MINUTE_MS;
const lastSlot = slotText(lastSlotMs);
const at = new Date(lastSlotMs);
const daily = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
const newName = () => `push_${randomUUID().slice(0, 8)}`;

/** A house with one daily schedule, which is watched since before its last slot, and started by nobody. */
async function watchedHouse(environment: Record<string, string>, schedule: object = {}) {
  const hook = await httpServer((_, response) => reply(response, 200));
  let status = 200;
  const provider = await httpServer((_, response) => reply(response, status));
  const house = scheduleHouse(provider.origin, { ...environment, HOOK: `${hook.origin}/T0K3N` });
  const name = newName();
  const events = ['failed', 'missed', 'recovered'];
  house.write({ [name]: { cron: daily, owner: 'crm', alert: { webhook: 'HOOK', events }, ...schedule } });
  const first = await house.rtn('schedule', 'watch');
  expect(first).toMatchObject({ code: 0, err: `${name} is watched from now on\n` });
  const backTo = (toMs: number) =>
    house.history((opened) =>
      opened.change(name, ({ watch }) => (watch ? { watch: { ...watch, toMs } } : {})),
    );
  await backTo(lastSlotMs - MINUTE_MS);
  return {
    ...house,
    ...{ name, provider, backTo },
    watch: async (...words: string[]) => {
      const said = await house.rtn('schedule', 'watch', ...words);
      expect(said.out + said.err).not.toContain('T0K3N');
      return said;
    },
    alerts: () => hook.requests.map(({ body }) => JSON.parse(body)),
    /** As another scheduler starts a slot. */
    run: (slot: string, providerStatus: number) => {
      status = providerStatus;
      return house.rtn(
        ...['run', 'driver_push', '--runner', 'one-shot', '--', '--schedule', name, '--slot', slot],
        ...['--recipients', 'file:rows.ndjson', '--log', 'file:log', '--endpoint', provider.origin],
      );
    },
  };
}

describe.each(stores)('rtn schedule watch with the history in %s', (_, environment) => {
  test('tells a slot without a run, once, and that it ran after all', async () => {
    const { name, watch, alerts, run, provider } = await watchedHouse(environment());
    const id = `${name}@${lastSlot}`;
    const looked = await watch('--json');
    expect(looked.code).toBe(1);
    expect(JSON.parse(looked.out)).toEqual([
      {
        ...{ schedule: name, slot: lastSlot, run: id, owner: 'crm', what: 'missed', exit: '-' },
        ...{ why: 'no run of it is known', next: `rtn schedule run ${name} --slot ${lastSlot}` },
      },
    ]);
    // A look without --alert leaves it to those with.
    expect(alerts()).toEqual([]);
    const both = await Promise.all([watch('--alert'), watch('--alert')]);
    expect(both).toMatchObject([{ code: 1 }, { code: 1 }]);
    expect(await watch('--alert')).toMatchObject({ code: 1, out: expect.stringContaining('missed') });
    // However many look, at once or later, it is told once.
    expect(alerts()).toMatchObject([{ event: 'missed', schedule: name, run_id: id, owner: 'crm' }]);
    expect((await run(lastSlot, 200)).code).toBe(0);
    expect(provider.requests).toHaveLength(3);
    expect(await watch('--alert')).toMatchObject({ code: 0, out: expect.stringContaining('recovered') });
    expect(await watch('--alert')).toMatchObject({
      code: 0,
      out: 'Nothing is missed, and nothing has failed.\n',
    });
    expect(alerts()).toMatchObject([{ event: 'missed' }, { event: 'recovered', run_id: id, exit_code: 0 }]);
  });

  test('tells a run that failed elsewhere, with its code, and the next success', async () => {
    const { name, watch, alerts, run, backTo } = await watchedHouse(environment());
    const before = slotText(lastSlotMs - DAY_MS);
    await backTo(lastSlotMs - DAY_MS - MINUTE_MS);
    expect((await run(before, 401)).code).toBe(77);
    expect((await run(lastSlot, 200)).code).toBe(0);
    expect(await watch('--alert')).toMatchObject({ code: 0, out: expect.stringContaining('recovered') });
    expect(alerts()).toMatchObject([
      { event: 'failed', run_id: `${name}@${before}`, exit_code: 77, version: '1.4.10' },
      { event: 'recovered', run_id: `${name}@${lastSlot}` },
    ]);
  });

  test('sends an alert that an earlier look could not send', async () => {
    const { name, watch, alerts, history } = await watchedHouse(environment());
    const unsent: SlotFinding = {
      ...{ slotMs: lastSlotMs - DAY_MS, event: 'failed', reason: 'left', exitCode: 65, version: null },
    };
    await history((opened) =>
      opened.change(name, ({ watch }) => (watch ? { watch: { ...watch, unsent: [unsent] } } : {})),
    );
    await watch('--alert');
    await watch('--alert');
    expect(alerts()).toMatchObject([{ event: 'failed', reason: 'left' }, { event: 'missed' }]);
  });
});

test('a ledger that cannot be asked is no missed slot: exit code 3', async () => {
  const { watch, alerts } = await watchedHouse({}, { outputs: { log: 'pg:driver_push_log' } });
  const { code, out, err } = await watch('--alert');
  expect({ code, out }).toEqual({ code: 3, out: 'Nothing is missed, and nothing has failed.\n' });
  expect(err).toMatch(/warning: push_\w+ could not be looked up: DATABASE_URL is not set/);
  expect(alerts()).toEqual([]);
});

test('the run of a task is found in the ledger of the database that it works on', async () => {
  const { folder, rtn, history } = scheduleHouse('', { DATABASE_URL: database.url });
  const [house, name] = [join(folder, 'operations', 'pg2yt'), newName()];
  cpSync(join(ROOT, 'operations', 'pg2yt'), house, { recursive: true });
  const entry = { version: '1.4.1', cron: daily, outputs: { archive: 'yt://home/log' } };
  writeFileSync(
    join(house, 'schedules.yaml'),
    stringify({ schema: 'schedules/v1', schedules: { [name]: entry } }, { defaultKeyType: 'QUOTE_DOUBLE' }),
  );
  expect((await rtn('schedule', 'watch')).err).toBe(`${name} is watched from now on\n`);
  await history((opened) =>
    opened.change(name, ({ watch }) => (watch ? { watch: { ...watch, toMs: lastSlotMs - 1 } } : {})),
  );
  // It finds no YTsaurus, and says so in the ledger of its log's database.
  const started = await rtn('run', 'pg2yt', '--', '--schedule', name, '--slot', lastSlot);
  expect(started).toMatchObject({ code: 64, err: expect.stringContaining('YT_PROXY') });
  const { code, out } = await rtn('schedule', 'watch', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject([{ run: `${name}@${lastSlot}`, what: 'failed', exit: '64:usage' }]);
});
