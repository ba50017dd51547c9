import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startPushProvider } from '../../src/local/provider.js';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush } from '../setup/driver-push.js';
import { rtnIn } from '../setup/task-house.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

// The id of a schedule's run has an @ and colons: each store has to keep it, and to find it again.

const database = testDatabase();

test.each(['pg', 'yt', 'file'])(
  'the run of a slot stands in a log in %s, and is started once',
  async (store) => {
    const { client, address } = await localCluster();
    await client.create('map_node', '//home/log', { recursive: true });
    await client.create('table', '//home/recipients');
    await client.writeTable('//home/recipients', [
      `${JSON.stringify(row(1))}\n`,
      `${JSON.stringify(row(2))}\n`,
    ]);
    const folder = temporaryFolder();
    const log =
      { pg: 'pg:slot_log', yt: 'yt://home/log/slot', file: `file:${join(folder, 'log')}` }[store] ?? '';
    const environment = { DATABASE_URL: database.url, YT_PROXY: address };
    const push = await startPushProvider({ token: 'token' });
    onTestFinished(() => push.close());
    const start = (slot: string) =>
      startDriverPush(
        'one-shot',
        [
          ...['--recipients', 'yt://home/recipients', '--endpoint', push.endpoint, '--log', log],
          ...['--schedule', 'morning_push', '--slot', slot, '--state-dir', join(folder, 'state')],
        ],
        { ...environment, PUSH_TOKEN: 'token' },
      ).ended;

    const first = await start('2026-11-24T09:17Z');
    expect(first.output).toContain('2 sent');
    expect(first.output).toContain('run morning_push@2026-11-24T09:17Z,');
    // The same slot, as a Kubernetes job of a CronJob names it.
    const again = await start(`morning-push-${Date.parse('2026-11-24T09:17Z') / 60_000}`);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('has finished')]);
    expect(push.receipts.size).toBe(2);
    const next = await start('2026-11-25T09:17Z');
    expect(next.output).toContain('2 sent');

    const shown = await rtnIn(folder, ['runs', '--log', log], environment);
    expect(shown.out).toMatch(/^morning_push@2026-11-24T09:17Z .* finished /m);
    const page = await rtnIn(
      folder,
      ['runs', 'show', 'morning_push@2026-11-24T09:17Z', '--log', log],
      environment,
    );
    expect(page.out).toContain('run morning_push@2026-11-24T09:17Z (finished)');
    // On Windows and elsewhere a colon is no character of a file's name.
    if (store === 'file') expect(readdirSync(join(folder, 'log')).join()).not.toMatch(/[:@]/);
  },
);
