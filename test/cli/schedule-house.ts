import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { openHistory } from '../../src/loggers/schedule-history.js';
import type { History } from '../../src/schedule/history.js';
import { row } from '../setup/driver-push.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** A registry with driver_push and schedules of it that send three rows of a file to `endpoint`, logging to files. */
export function scheduleHouse(endpoint: string, environment: Record<string, string> = {}) {
  const folder = temporaryFolder();
  for (const part of ['operations/driver_push', 'layers', 'templates'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  writeFileSync(
    join(folder, 'rows.ndjson'),
    [0, 1, 2].map((index) => `${JSON.stringify(row(index))}\n`).join(''),
  );
  const env: Record<string, string> = { PUSH_TOKEN: 'push-token', ...environment };
  const history = env.DATABASE_URL === undefined ? `file:${join(folder, '.rtn', 'schedule')}` : 'pg:';
  return {
    folder,
    /** Writes schedules.yaml: what is said of each is put over a schedule of every minute. */
    write: (schedules: Record<string, object>) => {
      const all = Object.entries(schedules).map(([name, given]) => [
        name,
        {
          version: '1.4.10',
          runner: 'one-shot',
          cron: '* * * * *',
          inputs: { recipients: 'file:rows.ndjson' },
          outputs: { log: 'file:log' },
          params: { endpoint },
          ...given,
        },
      ]);
      writeFileSync(
        join(folder, 'operations', 'driver_push', 'schedules.yaml'),
        stringify(
          { schema: 'schedules/v1', schedules: Object.fromEntries(all) },
          { defaultKeyType: 'QUOTE_DOUBLE' },
        ),
      );
    },
    start: (...words: string[]) => {
      const started = startRtn(folder, words, env);
      onTestFinished(async () => {
        started.child.kill('SIGKILL');
        await started.ended;
      });
      return started;
    },
    rtn: (...words: string[]) => startRtn(folder, words, env).ended,
    /** Looks into the history, or writes it. */
    history: async <Result>(use: (history: History) => Promise<Result>): Promise<Result> => {
      const opened = await openHistory(history, env);
      try {
        return await use(opened);
      } finally {
        await opened.close();
      }
    },
    read: (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : ''),
  };
}

/** `rtn` in a folder as a process of its own, from dist/. */
function startRtn(folder: string, words: readonly string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...words], {
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
