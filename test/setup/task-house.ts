import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
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
export function startRtn(folder: string, words: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [RTN, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...said }));
  return { child, ended, said };
}
