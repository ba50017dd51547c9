import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import { findRoot } from '../git/worktree.js';

/** What a verb has of the world: tests give one of their own and run verbs without a process. */
export interface Session {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether standard output may be coloured. */
  readonly hasColor: boolean;
  /** Columns of the terminal; undefined where standard output is none, so that nothing is cut. */
  readonly columns?: number | undefined;
  /** The components that `use:` can name. Loaded when asked for: their files are many. */
  components(): Promise<readonly ComponentSpec[]>;
  /** Asks for one line; an empty one gives the fallback. Only where standard input and output are a terminal. */
  ask?(text: string, fallback?: string): Promise<string>;
  /** Writes to standard output. */
  out(text: string): void;
  /** Waits while the reader of standard output is slower than what is written; absent where nothing is kept back. */
  drained?(): Promise<void>;
  /** Writes to standard error. */
  err(text: string): void;
  /** The code to exit with once the verb has ended well; a verb that fails throws instead. */
  exitCode: number;
}

/** Adds `--root` to a verb that works on a registry; `rootOf` reads it. */
export function withRoot(command: Command): Command {
  return command.option(
    '--root <dir>',
    'folder of the registry (default: the nearest one upwards that has operations/ or rtn.yaml)',
  );
}

/** The registry's folder: `--root`, or the nearest upwards. Throws `usage` where there is none. */
export function rootOf(options: { root?: string }, { cwd }: Session): string {
  const start = resolve(cwd, options.root ?? '.');
  const root = findRoot(start);
  if (root === undefined || (options.root !== undefined && root !== start)) {
    throw new RtnError(
      'usage',
      `no registry ${options.root === undefined ? 'here or in a folder above' : 'in'} ${start}: there is no operations/ and no rtn.yaml`,
      {
        next: 'go to the repository, or give its folder: rtn check --root DIR',
      },
    );
  }
  return root;
}

/** Whether to colour: only on a terminal, never with NO_COLOR (no-color.org) or a dumb terminal, always with FORCE_COLOR. */
export function mayColor(isTerminal: boolean, env: Session['env']): boolean {
  if ((env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}
