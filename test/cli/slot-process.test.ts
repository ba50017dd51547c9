import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type SlotOutput, startSlotProcess } from '../../src/cli/slot-process.js';
import { temporaryFolder } from '../setup/yt.js';

/** The end of a process that runs this text. */
async function run(text: string, output: SlotOutput, runId = 'night@2026-01-01T09:00Z'): Promise<number> {
  const root = temporaryFolder();
  const runner = startSlotProcess({
    file: { runner: 'one-shot', name: 'runner.mjs', text },
    flags: [],
    runId,
    version: '1.0.0',
    graceMs: 0,
    root,
    cwd: root,
    env: { PATH: process.env.PATH },
    output,
  });
  runner.go();
  try {
    return await runner.ended;
  } finally {
    runner.release();
  }
}

test('a run whose folder is gone ends with its own code', async () => {
  const said: string[] = [];
  const text = `
    import { rmSync } from 'node:fs';
    rmSync(new URL('.', import.meta.url), { recursive: true });
    process.exitCode = 65;`;
  expect(await run(text, { kind: 'lines', line: (line) => said.push(line) })).toBe(65);
  expect(said).toEqual([]);
});

test.each([
  ['night@2026-01-01T09:00Z', 'night@2026-01-01T09.00Z.log'],
  ['../night@2026-01-01T09:00Z', '%2E.%2Fnight@2026-01-01T09.00Z.log'],
])('what %s prints is in a file of its name', async (runId, name) => {
  const folder = join(temporaryFolder(), 'logs');
  for (const word of ['one', 'two'])
    expect(await run(`console.log('${word}')`, { kind: 'folder', folder }, runId)).toBe(0);
  expect(readdirSync(folder)).toEqual([name]);
  expect(readFileSync(join(folder, name), 'utf8')).toBe('one\ntwo\n');
});
