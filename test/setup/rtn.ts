import { runCommand } from '../../src/cli/command.js';
import type { Session } from '../../src/cli/session.js';

/** Runs `rtn` without a process; gives the exit code and what it said. */
export async function rtn(
  words: readonly string[],
  { env = {}, columns, ask }: Partial<Pick<Session, 'env' | 'columns' | 'ask'>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await runCommand(words, {
    cwd: process.cwd(),
    env,
    columns,
    ...(ask && { ask }),
    hasColor: false,
    exitCode: 0,
    components: async () => [],
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}
