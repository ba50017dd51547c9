import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { thisHolder } from '../../src/pipeline/holder.js';
import { newSlot, startedSlot } from '../../src/schedule/slots.js';
import { schedule } from '../schedule/world.js';
import { testDatabase } from '../setup/database.js';
import { httpServer, reply } from '../setup/http.js';
import { scheduleHouse } from './schedule-house.js';

const database = testDatabase();

const stores: [kind: string, environment: () => Record<string, string>][] = [
  ['Postgres', () => ({ DATABASE_URL: database.url })],
  ['files', () => ({})],
];

/** A name of its own for each test: they share a database. */
const newName = () => `push_${randomUUID().slice(0, 8)}`;

describe.each(stores)('rtn schedule with its history in %s', (_, environment) => {
  test('run: sends what the schedule says, as the run NAME@SLOT, and the same slot sends nothing twice', async () => {
    const provider = await httpServer((_, response) => reply(response, 200));
    const { write, rtn } = scheduleHouse(provider.origin, environment());
    const name = newName();
    write({ [name]: {} });
    const slot = '2026-01-01T09:00Z';
    const first = await rtn('schedule', 'run', name, '--slot', slot);
    expect(first).toMatchObject({ code: 0, err: expect.stringContaining(`run ${name}@${slot}`) });
    expect(provider.requests).toHaveLength(3);
    const second = await rtn('schedule', 'run', name, '--slot', slot);
    expect(second.code).toBe(0);
    expect(provider.requests).toHaveLength(3);
    const listed = JSON.parse((await rtn('schedule', 'history', name, '--json')).out);
    expect(listed).toMatchObject([
      { slot, state: 'ran', run_id: `${name}@${slot}`, attempt: 2, exit_code: 0, is_manual: true },
    ]);
    const { out } = await rtn('schedule', 'history', name);
    expect(out).toMatch(new RegExp(`${slot} +${name} +ran +hand +2 +\\S+ +0:ok`));
  });

  test('run: ends with the code of the runner, and history tells what to type', async () => {
    const provider = await httpServer((_, response) => reply(response, 401));
    const { write, rtn } = scheduleHouse(provider.origin, environment());
    const name = newName();
    write({ [name]: {} });
    const { code } = await rtn('schedule', 'run', name, '--slot', '2026-01-01T09:00Z');
    expect(code).toBe(77);
    const { out, err } = await rtn('schedule', 'history', name);
    expect(out).toMatch(/failed +hand +1 +\S+ +77:credentials/);
    expect(err).toContain(`next: rtn runs show ${name}@2026-01-01T09:00Z; rtn schedule run ${name} --slot`);
  });

  test('run: is refused with 75 while another slot runs; one whose server is gone is in nobody’s way', async () => {
    const provider = await httpServer((_, response) => reply(response, 200));
    const { write, rtn, history } = scheduleHouse(provider.origin, environment());
    const name = newName();
    write({ [name]: {} });
    const running = (server: string) =>
      history((opened) =>
        opened.change(name, () => ({
          put: [startedSlot(newSlot(schedule({ name }), Date.UTC(2026, 0, 1)), server, Date.now())],
        })),
      );
    await running(thisHolder());
    const { code, err } = await rtn('schedule', 'run', name);
    expect({ code, err }).toMatchObject({ code: 75, err: expect.stringContaining('has not ended') });
    expect(provider.requests).toHaveLength(0);
    await running(thisHolder().replace(/\/\d+\//, '/4194304/'));
    expect((await rtn('schedule', 'run', name)).code).toBe(0);
  });

  test('run: one that waits and is told to end, or is killed, is in nobody’s way', async () => {
    const provider = await httpServer((_, response) => reply(response, 200));
    const { write, rtn, start, history } = scheduleHouse(provider.origin, environment());
    const name = newName();
    write({ [name]: { overlap: 'queue' } });
    const first = startedSlot(newSlot(schedule({ name }), Date.UTC(2025, 0, 1)), thisHolder(), Date.now());
    await history((opened) => opened.change(name, () => ({ put: [first] })));
    const stateOf = async (slotMs: number) => {
      const slots = await history((opened) => opened.list({ schedule: name, limit: 10 }));
      return slots.find((slot) => slot.slotMs === slotMs);
    };
    const slots = ['2026-01-01T09:00Z', '2026-01-01T09:01Z'] as const;
    const told = start('schedule', 'run', name, '--slot', slots[0]);
    await expect.poll(() => told.said.err).toContain('waits for 2025-01-01T00:00Z to end');
    told.child.kill('SIGINT');
    expect(await told.ended).toMatchObject({
      code: 75,
      err: expect.stringContaining('SIGINT came before its turn'),
    });
    expect(await stateOf(Date.parse(slots[0]))).toMatchObject({ state: 'skipped', server: null });
    const killed = start('schedule', 'run', name, '--slot', slots[1]);
    await expect.poll(() => killed.said.err).toContain('waits for');
    killed.child.kill('SIGKILL');
    await killed.ended;
    write({ [name]: { overlap: 'forbid' } });
    await history((opened) => opened.change(name, () => ({ put: [{ ...first, state: 'ran' }] })));
    expect((await rtn('schedule', 'run', name, '--slot', slots[0])).code).toBe(0);
    expect(await stateOf(Date.parse(slots[1]))).toMatchObject({
      state: 'skipped',
      reason: 'the command that asked for it ended',
    });
  });

  test('run: what the system refuses to start is 75', async () => {
    const { write, rtn } = scheduleHouse('http://127.0.0.1:1', { ...environment(), TMPDIR: '/nowhere' });
    const name = newName();
    write({ [name]: {} });
    const { code, err } = await rtn('schedule', 'run', name);
    expect({ code, err }).toMatchObject({
      code: 75,
      err: expect.stringContaining('rtn: ENOENT: no such file'),
    });
    expect((await rtn('schedule', 'history', name)).out).toMatch(/failed +hand +1 +\S+ +75:temporary/);
  });

  test('serve: killed while it sends, the next server waits for the same run; every row is sent once', async () => {
    const held: ServerResponse[] = [];
    let holds = true;
    const provider = await httpServer((_, response) => {
      if (holds) held.push(response);
      else reply(response, 200);
    });
    const { write, start, history } = scheduleHouse(provider.origin, environment());
    const name = newName();
    // Only the slot that the test makes up is ever due.
    write({ [name]: { cron: '0 0 1 1 *', params: { endpoint: provider.origin, concurrency: 3 } } });
    const first = start('schedule', 'serve');
    await expect.poll(() => known(history, name)).toBe(true);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    await history((opened) => opened.change(name, () => ({ cursorMs: Date.UTC(2025, 5, 1) })));
    const second = start('schedule', 'serve');
    await expect.poll(() => held.length).toBe(3);
    second.child.kill('SIGKILL');
    await second.ended;
    const third = start('schedule', 'serve', '--json', '--health-port', '0');
    await expect.poll(() => third.said.err).toContain('goes on under this server');
    holds = false;
    for (const response of held) reply(response, 200);
    await expect.poll(() => third.said.out).toContain('"event":"ran"');
    const [origin = ''] = /http:\/\/\S+/.exec(third.said.err) ?? [];
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${origin}/metrics`)).text()).toContain(
      `rtn_schedule_slots_total{schedule="${name}",state="ran"} 1`,
    );
    third.child.kill('SIGTERM');
    expect((await third.ended).code).toBe(0);
    expect(provider.requests).toHaveLength(3);
    const slots = await history((opened) => opened.list({ schedule: name, limit: 10 }));
    expect(slots).toMatchObject([{ state: 'ran', attempt: 1, exitCode: 0, isCatchUp: true }]);
  });

  test('serve: reads schedules.yaml again when it changes; an entry with a mistake goes on as it was', async () => {
    const { write, start, history } = scheduleHouse('http://127.0.0.1:1', environment());
    const [one, two] = [newName(), newName()];
    write({ [one]: { cron: '0 0 1 1 *' } });
    const server = start('schedule', 'serve');
    await expect.poll(() => server.said.err).toContain('read 1 schedule\n');
    write({ [one]: { cron: '0 0 1 1 *' }, [two]: { cron: '0 0 1 1 *' } });
    await expect.poll(() => server.said.err).toContain('read 2 schedules');
    write({ [one]: { cron: '0 0 1 1 *' }, [two]: { cron: '99 * * * *' } });
    await expect
      .poll(() => server.said.err)
      .toMatch(
        new RegExp(`left out: .*\n.*Z ${two} goes on as it was\n.*next: rtn check\n.*read 1 schedule\n`),
      );
    const slot = newSlot(schedule({ name: two }), Date.UTC(2026, 0, 1));
    await history((opened) => opened.change(two, () => ({ put: [slot] })));
    await expect.poll(() => server.said.err).toContain(`${two}@2026-01-01T00:00Z started`);
    write({ [one]: { cron: '0 0 1 1 *' } });
    await expect
      .poll(() => server.said.err)
      .toMatch(/read 1 schedule\n[\s\S]*read 1 schedule\n[\s\S]*read 1 schedule\n/);
    expect(server.said.err.split('goes on as it was')).toHaveLength(2);
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  test('pause and resume: what passed meanwhile is not caught up', async () => {
    const provider = await httpServer((_, response) => reply(response, 200));
    const { write, rtn, history } = scheduleHouse(provider.origin, environment());
    const name = newName();
    write({ [name]: {} });
    await history((opened) => opened.change(name, () => ({ cursorMs: 0 })));
    expect((await rtn('schedule', 'pause', name)).code).toBe(0);
    expect((await rtn('schedule', 'history', name)).err).toContain(`${name} is paused`);
    const beforeMs = Date.now();
    expect((await rtn('schedule', 'resume', name)).code).toBe(0);
    const standing = await history((opened) => opened.schedules());
    const found = standing.find((each) => each.schedule === name);
    expect(found?.isPaused).toBe(false);
    expect(found?.cursorMs).toBeGreaterThanOrEqual(beforeMs);
    expect((await rtn('schedule', 'pause', 'nothing')).code).toBe(2);
  });
});

test('a file of the history that cannot be read is told with what to do, and the other schedules go on', async () => {
  const { folder, write, start, rtn, history } = scheduleHouse('http://127.0.0.1:1');
  write({ good: { cron: '0 0 1 1 *' } });
  const bad = join(folder, '.rtn', 'schedule', 'gone.7.json');
  mkdirSync(dirname(bad), { recursive: true });
  writeFileSync(bad, '{');
  const server = start('schedule', 'serve');
  await expect.poll(() => known(history, 'good')).toBe(true);
  await expect.poll(() => server.said.err).toContain(`error: ${bad} is no history`);
  await expect.poll(() => server.said.err).toContain(`next: move ${bad} away`);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  const told = await rtn('schedule', 'history');
  expect(told).toMatchObject({ code: 0, err: expect.stringContaining(`left out: ${bad} is no history`) });
});

/** Whether a server has taken note of the schedule. */
async function known(history: ReturnType<typeof scheduleHouse>['history'], name: string): Promise<boolean> {
  const schedules = await history((opened) => opened.schedules());
  return schedules.some(({ schedule: each, cursorMs }) => each === name && cursorMs !== undefined);
}
