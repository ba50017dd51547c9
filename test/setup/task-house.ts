import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './yt.js';

const ROOT = join(import.meta.dirname, '..', '..');
const RTN = join(ROOT, 'dist', 'cli', 'main.js');

/** A registry of its own whose operation copy_rows has a task, in a folder that goes with the test. */
export function taskHouse(): string {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'test', 'runtime', 'task-house'), folder, { recursive: true });
  cpSync(join(ROOT, 'templates', 'task'), join(folder, 'templates', 'task'), { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(ROOT, join(modules, 'realtime-notifications'), 'junction');
  symlinkSync(join(ROOT, 'node_modules', 'pg'), join(modules, 'pg'), 'junction');
  return folder;
}

/** Runs `rtn` in a folder as a process of its own, from dist/. */
export function rtnIn(folder: string, words: readonly string[], environment: Record<string, string> = {}) {
  return start([RTN, ...words], folder, environment).ended;
}

/** Starts a program with Node in a folder; it goes with the test. */
export function start(words: readonly string[], folder: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return {
    child,
    ended,
    /** Resolves once it has said this on standard error; rejects when it ends without. */
    async said(text: string) {
      while (!said.err.includes(text)) {
        const more = await Promise.race([once(child.stderr, 'data'), ended.then(() => undefined)]);
        if (more === undefined && !said.err.includes(text)) throw new Error(`it ended with: ${said.err}`);
      }
    },
  };
}
