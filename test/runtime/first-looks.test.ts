import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPushProvider } from '../../src/local/provider.js';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush, tableOf } from '../setup/driver-push.js';
import { temporaryFolder } from '../setup/yt.js';

// What one does before, or instead of, sending to everybody: the real runner of driver_push as a process.

const database = testDatabase();
const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));

/** A provider that must not be contacted: how often somebody connected. */
async function untouchable() {
  let contacts = 0;
  const server = createServer((socket) => {
    contacts++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    contacts: () => contacts,
  };
}

async function provider() {
  const started = await startPushProvider({ token: 'token' });
  onTestFinished(() => started.close());
  return started;
}

/** Starts the one-shot on a table of so many rows, to a real provider and log; with its summary. */
async function send(count: number, flags: readonly string[]) {
  const push = await provider();
  const summary = join(temporaryFolder(), 'summary.json');
  const given = ['--recipients', 'yt://home/recipients', '--endpoint', push.endpoint, '--summary', summary];
  const { code, output } = await startDriverPush('one-shot', [...given, ...flags], {
    DATABASE_URL: database.url,
    PUSH_TOKEN: 'token',
    YT_PROXY: await tableOf(rows(count)),
  }).ended;
  const { counts, error, notFound } = JSON.parse(readFileSync(summary, 'utf8'));
  const recipients = [...push.receipts.values()].map(({ to }) => to);
  return { code, output, counts, error, notFound, recipients };
}

describe('--dry-run', () => {
  test('reads, judges and renders every row, shows requests without secrets, and touches neither provider nor log', async () => {
    const push = await untouchable();
    const token = 'to"p/sécret';
    const { driver_id: _, ...incomplete } = row(1);
    const table = [...rows(300), incomplete, incomplete, { ...row(2), text: '' }];
    const summary = join(temporaryFolder(), 'summary.json');
    const given = ['--recipients', 'yt://home/recipients', '--endpoint', push.endpoint, '--rate-limit', '10'];
    const { code, output } = await startDriverPush(
      'one-shot',
      [...given, '--dry-run', '--summary', summary],
      // No DATABASE_URL.
      { PUSH_TOKEN: token, YT_PROXY: await tableOf(table) },
    ).ended;
    expect(output).toContain('dry run: 303 rows read, 300 valid, 3 rejected; nothing was sent or logged');
    expect(output).toContain(
      "rejected 2: invalid_row, must have required property 'driver_id' (first at position 300)",
    );
    expect(output).toContain('rejected 1: invalid_row, column text must NOT have fewer than 1 characters');
    expect(output.match(/sample request \(message m\d, position \d\)/g)).toHaveLength(3);
    expect(output).toContain(`POST ${push.endpoint}/v1/push`);
    expect(output).toContain('authorization: Bearer ‹PUSH_TOKEN›');
    expect(output).toContain('{"to":"d0","title":"Hi","text":"text 0"}');
    for (const form of [token, JSON.stringify(token).slice(1, -1), 'sécret'])
      expect(output).not.toContain(form);
    expect(output).toMatch(
      /duration of 300 requests: at least 30s by the rate limit of 10\/s; with 64 in flight/,
    );
    expect(code).toBe(0);
    expect(push.contacts()).toBe(0);
    expect(JSON.parse(readFileSync(summary, 'utf8'))).toMatchObject({
      dryRun: { read: 303, valid: 300, rejected: 3, leastSeconds: 30 },
    });
    expect(JSON.parse(readFileSync(summary, 'utf8'))).not.toHaveProperty('counts');
  });

  test('of a part of the input goes with the other flags', async () => {
    const push = await untouchable();
    const given = ['--recipients', 'yt://home/recipients', '--endpoint', push.endpoint, '--dry-run'];
    const { code, output } = await startDriverPush('one-shot', [...given, '--limit', '5'], {
      PUSH_TOKEN: 'token',
      YT_PROXY: await tableOf(rows(50)),
    }).ended;
    expect(output).toContain('dry run: 5 rows read, 5 valid, 0 rejected');
    expect(code).toBe(0);
    expect(push.contacts()).toBe(0);
  });

  test.each([['--dry-run'], ['--limit=1'], ['--sample=1%'], ['--only=m1']])(
    'a stream is not read with %s: what is passed over would be gone',
    async (flag) => {
      const { code, output } = await startDriverPush('service', [flag, '--endpoint', 'http://127.0.0.1:1'], {
        PUSH_TOKEN: 'token',
      }).ended;
      expect(output).toContain('a stream cannot be read with');
      expect(code).toBe(64);
    },
  );
});

describe('a part of the input', () => {
  test('--limit sends the first rows', async () => {
    const sent = await send(2_000, ['--limit', '5', '--log', 'pg:limit_log']);
    expect(sent.code).toBe(0);
    expect(sent.recipients.sort()).toEqual(['d0', 'd1', 'd2', 'd3', 'd4']);
    expect(sent.counts).toMatchObject({ read: 5, left: 0, logged: { sent: 5 } });
    expect(sent.counts.notSelected).toBeGreaterThan(0);
    expect(sent.output).toContain('rows were not selected');
  });

  test('--sample sends to the same people on every start', async () => {
    const first = await send(500, ['--sample', '4%', '--log', 'pg:sample_log']);
    const second = await send(500, ['--sample', '4%', '--log', 'pg:sample_log']);
    expect(first.code).toBe(0);
    expect(first.recipients.length).toBeGreaterThan(5);
    expect(first.recipients.length).toBeLessThan(50);
    expect(second.recipients.sort()).toEqual(first.recipients.sort());
    expect(first.counts.read + first.counts.notSelected).toBe(500);
  });

  test('--only sends these messages and tells the ids that were not found', async () => {
    const sent = await send(100, ['--only', 'm7,nobody', '--only', 'm99', '--log', 'pg:only_log']);
    expect(sent.recipients.sort()).toEqual(['d7', 'd99']);
    expect(sent.counts).toMatchObject({ read: 2, notSelected: 98 });
    expect(sent.notFound).toEqual(['nobody']);
    expect(sent.output).toContain('not found: nobody');
    expect(sent.code).toBe(0);
  });
});

describe('--not-after', () => {
  test('that has passed sends nothing', async () => {
    const sent = await send(10, ['--not-after', '2026-01-01T00:00Z', '--log', 'pg:past_log']);
    expect(sent).toMatchObject({
      code: 75,
      recipients: [],
      counts: { read: 0 },
      error: { stage: 'deadline' },
    });
    expect(sent.output).toContain('stopped by --not-after: the latest time to send');
  });

  test('that comes while sending leaves the rest', async () => {
    const soon = new Date(Date.now() + 5_000).toISOString();
    const flags = ['--not-after', soon, '--rate-limit', '20', '--log', 'pg:soon_log'];
    const { code, counts, error, recipients } = await send(2_000, flags);
    expect(code).toBe(75);
    expect(error).toMatchObject({ stage: 'deadline', code: 'temporary' });
    expect(counts.left).toBeGreaterThan(0);
    expect(counts.read).toBe(counts.logged.sent + counts.left);
    expect(recipients).toHaveLength(counts.logged.sent);
  });
});
