import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { FileLog } from '../../src/loggers/file-log.js';
import {
  listFileRuns,
  loadFileClaims,
  loadFileUnsent,
  readFileStarts,
  removeFileRun,
  setFileControl,
} from '../../src/loggers/file-runs.js';
import { fileNameOf } from '../../src/pipeline/file-name.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';
import { ledgerLaws, positionsOf, result, Start, type Store } from './ledger-laws.js';

function storeIn(folder: string): Store {
  return {
    async open(run) {
      const log = new FileLog(folder);
      await log.open(run);
      return log;
    },
    logged: async (runId) => loggedIn(folder, runId),
    record: async (runId) => (await listFileRuns(folder)).find((run) => run.runId === runId),
    starts: (runId) => readFileStarts(folder, runId),
    unsent: (runId) => loadFileUnsent(folder, runId, 0),
    control: (runId, control) => setFileControl(folder, runId, control),
  };
}

/** The positions in all logs of a run. */
function loggedIn(folder: string, runId: string): number[] {
  const isLog = (name: string) => name.startsWith(`${fileNameOf(runId)}.`) && name.endsWith('.ndjson');
  return readdirSync(folder)
    .filter(isLog)
    .flatMap((name) => positionsIn(join(folder, name)));
}

function positionsIn(path: string): number[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line).position);
}

const RUN = 'night';

/** A process that was here, and is gone. */
const GONE = thisHolder().replace(/[^/]*$/, '1');

/** A run in a folder of its own, whose first start has claimed 0 to 9, logged 0 to 4, and died. */
async function deadRun(holder: string) {
  const folder = temporaryFolder();
  const store = storeIn(folder);
  const run = testRun({ id: RUN });
  const dead = await Start.take(store, run, holder);
  await dead.claim(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  await dead.log(...[0, 1, 2, 3, 4].map((position) => result(position)));
  return { folder, store, run, dead, log: join(folder, 'night.0.ndjson') };
}

const lineOf = (path: string, position: number, outcome = 'sent') => {
  const [line = ''] = readFileSync(path, 'utf8').split('\n');
  return `${JSON.stringify({ ...JSON.parse(line), position, outcome })}\n`;
};

const laws = mkdtempSync(join(tmpdir(), 'rtn-test-ledger-'));
afterAll(() => rmSync(laws, { recursive: true, force: true }));
ledgerLaws(storeIn(laws));

describe('results that stand in the log behind what is recorded', () => {
  test.each([
    ['is gone', GONE],
    ['may live', undefined],
  ])('are done when their holder %s, and half a line is cut off', async (_, holder) => {
    const { folder, store, run, log } = await deadRun(holder ?? thisHolder());
    appendFileSync(log, lineOf(log, 5) + lineOf(log, 6, 'failed') + lineOf(log, 7).slice(0, -30));
    const { ledger } = await Start.take(store, run);
    expect(positionsOf(await ledger.load())).toEqual({ done: [0, 1, 2, 3, 4, 5, 6], open: [7, 8, 9] });
    expect(positionsIn(log)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await loadFileUnsent(folder, RUN, 0)).toEqual([{ position: 6, reason: 'failed' }]);
  });

  test('are in doubt when the log was moved away, and all that is recorded is done', async () => {
    const { folder, store, run, log } = await deadRun(GONE);
    appendFileSync(log, lineOf(log, 5));
    renameSync(log, join(folder, 'elsewhere'));
    const next = await Start.take(store, run);
    expect(positionsOf(await next.ledger.load())).toEqual({ done: [0, 1, 2, 3, 4], open: [5, 6, 7, 8, 9] });
    await next.log(result(5), result(6));
    expect(positionsIn(join(folder, 'night.0-2.ndjson'))).toEqual([5, 6]);
  });
});

test('a log goes on in its file when its holder is gone, and in another when it may live', async () => {
  const { folder, store, run, log } = await deadRun(GONE);
  const inode = statSync(log).ino;
  const second = await Start.take(store, run, thisHolder());
  await second.log(result(5));
  expect(positionsIn(log)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(statSync(log).ino).toBe(inode);
  const third = await Start.take(store, run, GONE);
  expect(statSync(log).ino).not.toBe(inode);
  await third.log(result(6));
  const fourth = await Start.take(store, run);
  await fourth.log(result(7));
  expect(positionsIn(log)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(positionsIn(join(folder, 'night.0-3.ndjson'))).toEqual([6, 7]);
});

test('what a fenced holder has appended counts for nobody, though it stands in its journal', async () => {
  const { folder, store, run, dead } = await deadRun(thisHolder());
  const heir = await Start.take(store, run, thisHolder());
  const before = statSync(join(folder, 'night.0.1.ledger')).size;
  await expect(dead.log(result(5))).rejects.toMatchObject({ details: { fenced: true } });
  expect(statSync(join(folder, 'night.0.1.ledger')).size).toBeGreaterThan(before);
  await heir.log(result(6));
  const { ledger } = await Start.take(store, run);
  expect(positionsOf(await ledger.load())).toEqual({ done: [0, 1, 2, 3, 4, 6], open: [5, 7, 8, 9] });
  expect(loggedIn(folder, RUN).sort()).toEqual([0, 1, 2, 3, 4, 6]);
});

test('a takeover that died before its copy was the log is done again by the next one', async () => {
  const { folder, store, run, log } = await deadRun(thisHolder());
  const late = join(folder, 'late');
  linkSync(log, late);
  await Start.take(store, run, GONE);
  expect(statSync(log).ino).not.toBe(statSync(late).ino);
  renameSync(late, log);
  appendFileSync(log, lineOf(log, 5));
  const third = await Start.take(store, run, GONE);
  expect(positionsIn(log)).toEqual([0, 1, 2, 3, 4]);
  await third.log(result(6));
  expect(positionsIn(join(folder, 'night.0-3.ndjson'))).toEqual([6]);
  const { ledger } = await Start.take(store, run);
  expect(positionsOf(await ledger.load())).toEqual({ done: [0, 1, 2, 3, 4, 6], open: [5, 7, 8, 9] });
});

test('the first log has the plain name, however many starts ended before they had a result', async () => {
  const folder = temporaryFolder();
  const run = testRun({ id: RUN });
  for (const holder of [GONE, thisHolder(), GONE]) await Start.take(storeIn(folder), run, holder);
  await (await Start.take(storeIn(folder), run)).log(result(0));
  expect(positionsIn(join(folder, 'night.0.ndjson'))).toEqual([0]);
});

test('a log that its maker had no time to name is left alone', async () => {
  const folder = temporaryFolder();
  const run = testRun({ id: RUN });
  await Start.take(storeIn(folder), run);
  writeFileSync(join(folder, 'night.0.ndjson'), '');
  await (await Start.take(storeIn(folder), run)).log(result(0));
  expect(positionsIn(join(folder, 'night.0-2.ndjson'))).toEqual([0]);
});

describe('a journal', () => {
  test('that was torn anywhere in its last line is as if that were not there', async () => {
    const { folder, store, run } = await deadRun(GONE);
    const journal = join(folder, 'night.0.1.ledger');
    const whole = readFileSync(journal);
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let size = lastLine; size < whole.length; size += 7) {
      truncateSync(journal, size);
      expect(positionsOf(await loadFileClaims(folder, RUN, 0))).toMatchObject({ done: [] });
      writeFileSync(journal, whole);
    }
    writeFileSync(
      journal,
      Buffer.concat([whole.subarray(0, lastLine + 20), Buffer.alloc(30), Buffer.from('\n')]),
    );
    // The log has the results whose record is torn.
    const { ledger } = await Start.take(store, run);
    expect(positionsOf(await ledger.load())).toEqual({ done: [0, 1, 2, 3, 4], open: [5, 6, 7, 8, 9] });
  });

  test('that is damaged before its last line is refused, with the file and the line', async () => {
    const { folder, store, run } = await deadRun(GONE);
    const journal = join(folder, 'night.0.1.ledger');
    const text = readFileSync(journal, 'utf8');
    writeFileSync(journal, text.replace('"claim","ranges":[[0,9]]', '"claim","ranges":[[0,8]]'));
    await expect(Start.take(store, run)).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(`line 2 of ${journal}`),
    });
  });
});

test('all files of a run are their owner’s alone, and only its logs outlive its removal', async () => {
  const { folder, store, run } = await deadRun(GONE);
  await (await Start.take(store, run)).log(result(5));
  await setFileControl(folder, RUN, { isStopped: false, isPaused: true, rate: null });
  const names = [
    'night.0.1.ledger',
    'night.0.2.ledger',
    'night.0.ndjson',
    'night.control.json',
    'night.run.json',
  ];
  expect(readdirSync(folder).sort()).toEqual(names);
  for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  await Start.open(store, testRun({ id: 'night.0' }));
  await removeFileRun(folder, RUN);
  expect(readdirSync(folder).sort()).toEqual(['night.0.ndjson', 'night.0.run.json']);
  expect((await listFileRuns(folder)).map(({ runId }) => runId)).toEqual(['night.0']);
});

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
