import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openHistory } from '../../src/loggers/schedule-history.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { slotText } from '../../src/schedule/slot.js';
import { temporaryFolder } from '../setup/yt.js';
import { schedule } from './world.js';

/** Real servers (server.mjs) over one real history, on a clock whose minutes are short. */
export function servers(
  history: string,
  { minuteMs, env = {}, ...given }: { minuteMs: number; env?: Record<string, string> } & Partial<Schedule>,
) {
  const notes = join(temporaryFolder(), 'notes');
  const served = schedule({ catchUp: 'all', ...given });
  const environment = {
    PATH: process.env.PATH,
    HISTORY: history,
    SCHEDULE: JSON.stringify(served),
    NOTES: notes,
    EPOCH: String(Date.now()),
    MINUTE_MS: String(minuteMs),
    ...env,
  };
  const said = { text: '' };
  const start = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'server.mjs')], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said.text += chunk.toString();
      });
    const ended = once(child, 'exit');
    const serves = once(child.stdout, 'data');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return {
      /** Resolves once it serves; rejects with what it said where it never does. */
      ready: Promise.race([
        serves,
        ended.then(() => {
          throw new Error(said.text);
        }),
      ]),
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
      /** SIGTERM; resolves once it has ended by itself. */
      end: async () => {
        child.kill('SIGTERM');
        await ended;
      },
    };
  };
  return {
    start,
    said: () => said.text,
    /** The slots of which a runner has written such a line, in order, as often as it did. */
    noted: (what: 'began' | 'ended'): string[] =>
      (existsSync(notes) ? readFileSync(notes, 'utf8') : '')
        .split('\n')
        .flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []))
        .sort(),
    /** What the history has, ascending. */
    slots: async () => {
      const opened = await openHistory(history, env);
      try {
        return [...(await opened.list({ schedule: served.name, limit: 10_000 }))].reverse();
      } finally {
        await opened.close();
      }
    },
  };
}

/** Every minute from the first to the last of these slots. */
export function allMinutes(slots: readonly { readonly slotMs: number }[]): string[] {
  const [first, last] = [slots[0]?.slotMs ?? 0, slots.at(-1)?.slotMs ?? 0];
  return Array.from({ length: (last - first) / 60_000 + 1 }, (_, index) => slotText(first + index * 60_000));
}
