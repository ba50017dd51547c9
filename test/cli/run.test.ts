import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRunner } from '../../src/cli/run.js';

let root: string;
let noted: string;

/** A package whose runner notes its file and flags, then does what its first flag says. */
const PACKAGE = `
import { writeFileSync } from 'node:fs';
export function runner() {
  const [how, ...flags] = process.argv.slice(2);
  const note = (signal) => writeFileSync(process.env.NOTED, JSON.stringify({ file: process.argv[1], flags, signal }));
  note();
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  else if (how !== 'wait') process.exitCode = Number(how);
  else {
    const waiting = setInterval(() => {}, 1000);
    process.once('SIGTERM', () => { note('SIGTERM'); clearInterval(waiting); process.exitCode = 75; });
    writeFileSync(process.env.NOTED + '.ready', '');
  }
}
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rtn-package-'));
  noted = join(root, 'noted');
  mkdirSync(join(root, 'dist'));
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ name: 'realtime-notifications', type: 'module', exports: './dist/index.js' }),
  );
  writeFileSync(join(root, 'dist', 'index.js'), PACKAGE);
});
afterEach(() => rmSync(root, { recursive: true }));

const FILE = {
  runner: 'one-shot',
  name: 'x-1.0.0.one-shot.mjs',
  text: "import { runner } from 'realtime-notifications';\nrunner();\n",
};

function start(...flags: string[]): Promise<number> {
  return startRunner(FILE, flags, { root, cwd: root, env: { ...process.env, NOTED: noted } });
}

function note(): { file: string; flags: string[]; signal?: string } {
  return JSON.parse(readFileSync(noted, 'utf8'));
}

describe('rtn run', () => {
  test.each([0, 65, 75])("ends with the runner's exit code: %i", async (code) => {
    expect(await start(String(code))).toBe(code);
  });

  test('hands the flags on and leaves no file behind', async () => {
    await start('0', '--concurrency', '5', '--x=a b');
    expect(note().flags).toEqual(['--concurrency', '5', '--x=a b']);
    expect(existsSync(dirname(note().file))).toBe(false);
  });

  test('ends with 128 and the signal where one killed the runner', async () => {
    expect(await start('kill')).toBe(128 + 9);
  });

  test('passes SIGTERM on, waits for the runner and takes its listeners back', async () => {
    const listeners = process.listenerCount('SIGTERM');
    const watcher = watch(root);
    const ending = start('wait');
    while (!existsSync(`${noted}.ready`)) await once(watcher, 'change');
    watcher.close();
    process.emit('SIGTERM', 'SIGTERM');
    expect(await ending).toBe(75);
    expect(note().signal).toBe('SIGTERM');
    expect(process.listenerCount('SIGTERM')).toBe(listeners);
  });
});
