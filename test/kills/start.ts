import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { InDoubtPolicy } from '../../src/pipeline/plan.js';

/** What the operation of these runs fixes. */
export interface Shape {
  readonly sender: 'async' | 'batch';
  /** Whether the provider recognises repeats; the operation says so only for single messages. */
  readonly isIdempotent: boolean;
  readonly inDoubt: InDoubtPolicy;
  /** Undefined for the default. */
  readonly window?: number | undefined;
  readonly timeoutMs?: number;
}

export interface Ended {
  /** The file with its counts, if it came so far. */
  readonly summary: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export interface StartOptions {
  /** Most bytes of a file that it writes; undefined for no limit. */
  readonly mostFileBytes?: number;
  readonly summary?: string;
}

export type Started = ReturnType<typeof startRunner>;

/** Starts the runner of this shape as a process of its own. */
export function startRunner(
  shape: Shape,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
  { mostFileBytes, summary = '' }: StartOptions = {},
) {
  const command = [process.execPath, join(import.meta.dirname, 'runner.mjs'), ...flags];
  const limit =
    mostFileBytes === undefined ? '' : `trap '' XFSZ; ulimit -f ${Math.ceil(mostFileBytes / 512)}; `;
  // The shell becomes the runner, so that its id is the runner's.
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
    env: { PATH: process.env.PATH, SHAPE: JSON.stringify(shape), ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  });
  const ended = once(child, 'close').then(
    ([code, signal]): Ended => ({
      code: code as Ended['code'],
      signal: signal as Ended['signal'],
      output,
      summary,
    }),
  );
  /** Resolves once it has said that, or has ended. */
  const says = (text: string) =>
    Promise.race([
      ended.then(() => {}),
      new Promise<void>((resolve) => {
        const look = () => output.includes(text) && resolve();
        listeners.add(look);
        look();
      }),
    ]);
  return { child, ended, says };
}
