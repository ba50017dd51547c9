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
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  listFileRuns,
  loadFileClaims,
  loadFileUnsent,
  removeFileRun,
  setFileControl,
} from '../../src/loggers/file-runs.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';
import { loggedIn, positionsIn, storeIn } from './file-store.js';
import { ledgerLaws } from './ledger-laws.js';
import { positionsOf, result, Start } from './ledger-start.js';

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

test.each<[string, (late: Start) => Promise<unknown>]>([
  ['a claim', (late) => late.claim(10)],
  ['a write', (late) => late.log(result(5))],
])(
  '%s that was stopped just before it reached its file is fenced once the lease was taken',
  async (_, act) => {
    const { folder, store, run, dead: late } = await deadRun(thisHolder());
    const heirs: Start[] = [];
    const file = await open(join(folder, 'night.run.json'));
    const handle = Object.getPrototypeOf(file);
    await file.close();
    const { appendFile } = handle;
    const stalled = vi.spyOn(handle, 'appendFile').mockImplementationOnce(async function (
      this: unknown,
      data,
    ) {
      heirs.push(await Start.take(store, run));
      return appendFile.call(this, data);
    });
    onTestFinished(() => stalled.mockRestore());
    await expect(act(late)).rejects.toMatchObject({ details: { fenced: true } });
    expect(positionsOf((await heirs[0]?.ledger.load()) ?? { watermark: 0, segments: [] })).toEqual({
      done: [0, 1, 2, 3, 4],
      open: [5, 6, 7, 8, 9],
    });
    expect(loggedIn(folder, RUN)).toEqual([0, 1, 2, 3, 4]);
  },
);

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
