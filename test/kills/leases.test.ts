import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { temporaryFolder } from '../setup/yt.js';
import { Arena } from './arena.js';
import { judge } from './laws.js';
import type { Shape } from './start.js';
import { fileStore } from './stores/file.js';
import { postgresStore } from './stores/postgres.js';
import type { Store } from './stores/store.js';
import { ytStore } from './stores/yt.js';

// Two runners on one run: one sends, and whoever is taken for dead and is not does no harm when it wakes up.

const database = testDatabase();
const STORES: readonly [name: string, open: () => Store | Promise<Store>][] = [
  ['pg', () => postgresStore(database.url)],
  ['file', fileStore],
  ['yt', () => ytStore(join(temporaryFolder(), 'yt'))],
];
const ROWS = 3_000;

async function arenaOf(name: string, open: () => Store | Promise<Store>, shape: Shape): Promise<Arena> {
  const store = await open();
  const folder = join(temporaryFolder(), name);
  const arena = await Arena.open({ name, store, shape, rows: ROWS, folder, seed: 11, runId: name });
  onTestFinished(async () => {
    await arena.close();
    await store.close();
  });
  return arena;
}

describe.each(STORES)('two runners on one run, %s', (name, open) => {
  const shape: Shape = { sender: 'async', isIdempotent: false, inDoubt: 'resend', window: 500 };

  test('the second waits for the first, and ends with 75 when it may not', async () => {
    const arena = await arenaOf(`waiting_${name}`, open, shape);
    const { provider } = arena;
    const first = arena.start();
    await provider.until(() => provider.effects.size > 50);
    first.child.kill('SIGSTOP');
    const impatient = await arena.start(['--wait', '1s']).ended;
    expect(impatient.code).toBe(75);
    expect(impatient.output).toContain(`process ${first.child.pid} on `);
    const second = arena.start();
    await second.says('; waiting');
    first.child.kill('SIGCONT');
    expect((await first.ended).code).toBe(0);
    const ended = await second.ended;
    expect(ended.code).toBe(0);
    expect(ended.output).toContain('nothing is left to send');
    const { broken, figures } = judge(await arena.facts(ended, { kills: 0, unseen: 0, doubts: [] }));
    expect([broken, figures.doubles]).toEqual([[], 0]);
  });

  test.concurrent('one that was stopped and wakes up late sends nothing that it had not claimed, and writes nothing', {
    timeout: 90_000,
  }, async () => {
    const arena = await arenaOf(`asleep_${name}`, open, shape);
    const { provider } = arena;
    const first = arena.start();
    await provider.until(() => provider.effects.size > ROWS / 3);
    first.child.kill('SIGSTOP');
    const heir = await arena.start(['--wait', '1m']).ended;
    expect(heir.code).toBe(0);
    await provider.quiet();
    const sent = new Map(provider.effects);
    first.child.kill('SIGCONT');
    const { code, output } = await first.ended;
    expect([code, output]).toEqual([75, expect.stringContaining('another runner has taken over the run')]);
    expect(output).not.toContain('could not be logged');
    const facts = await arena.facts(heir, { kills: 1, unseen: 1, doubts: [] });
    const late = [...facts.effects].filter(([id, times]) => times !== sent.get(id));
    expect(late.length).toBeLessThanOrEqual(500);
    expect(judge(facts).broken).toEqual([]);
  });
});
