import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadFileClaims } from '../../src/loggers/file-runs.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';
import { loggedIn, storeIn } from './file-store.js';
import { positionsOf, Start } from './ledger-start.js';

const RUN = 'night';

/** A start in a process of its own; see the script. `told` gets its lines as they come. */
function runner(folder: string, { what = 'all', shell = '' } = {}) {
  const script = join(import.meta.dirname, 'file-ledger-runner.mjs');
  const args = [script, folder, RUN, what];
  const child =
    shell === ''
      ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('bash', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => void told.push(line));
  const closed = once(lines, 'close');
  return { child, told, closed };
}

/** The positions that lines of this kind tell of. */
function toldPositions(told: readonly string[], kind: string): number[] {
  return told.flatMap((line) => {
    const [word, first, last] = line.split(' ');
    if (word !== kind) return [];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
}

/** What was told to be durable is known, and the log holds exactly what is done, each once. */
async function expectTruth(folder: string, told: readonly string[]): Promise<void> {
  const { done, open } = positionsOf(await loadFileClaims(folder, RUN, 0));
  expect(loggedIn(folder, RUN).sort((a, b) => a - b)).toEqual(done);
  const known = new Set([...done, ...open]);
  expect(toldPositions(told, 'claimed').filter((position) => !known.has(position))).toEqual([]);
  const isDone = new Set(done);
  expect(toldPositions(told, 'logged').filter((position) => !isDone.has(position))).toEqual([]);
}

describe('a runner in a process of its own', () => {
  test('that is killed again and again loses nothing, and nothing stands twice', async () => {
    const folder = temporaryFolder();
    const told: string[] = [];
    for (const lines of [1, 2, 5, 12, 27, 40]) {
      const { child, told: now, closed } = runner(folder);
      await expect.poll(() => now.length, { interval: 1 }).toBeGreaterThanOrEqual(lines);
      child.kill('SIGKILL');
      await closed;
      told.push(...now);
    }
    expect(told.filter((line) => line === 'began')).toHaveLength(6);
    await (await Start.take(storeIn(folder), testRun({ id: RUN }))).close();
    await expectTruth(folder, told);
  });

  test.each([2, 9, 30])(
    'that was stopped after %i steps and wakes up late has claimed and written nothing more',
    async (steps) => {
      const folder = temporaryFolder();
      const { child, told, closed } = runner(folder);
      await expect.poll(() => told.length, { interval: 1 }).toBeGreaterThan(steps);
      child.kill('SIGSTOP');
      const heir = await Start.take(storeIn(folder), testRun({ id: RUN }));
      const before = await heir.ledger.load();
      const logged = loggedIn(folder, RUN);
      child.kill('SIGCONT');
      await closed;
      expect(told.at(-1)).toMatch(/^ended: fenced/);
      expect(await heir.ledger.load()).toEqual(before);
      expect(loggedIn(folder, RUN)).toEqual(logged);
      await expectTruth(folder, told);
    },
  );

  test.each(['all', 'claims'])(
    'whose disk is full (%s) ends with `storage` and leaves no torn state',
    async (what) => {
      const folder = temporaryFolder();
      const shell = `trap '' XFSZ; ulimit -f 24`;
      const { told, closed } = runner(folder, { what, shell });
      await closed;
      expect(told.at(-1)).toMatch(/^ended: storage: .*EFBIG/);
      await expectTruth(folder, told);
      expect(readFileSync(join(folder, 'night.0.1.ledger'), 'utf8').at(-1)).toBe('\n');
      await (await Start.take(storeIn(folder), testRun({ id: RUN }))).close();
      await expectTruth(folder, told);
    },
  );
});
