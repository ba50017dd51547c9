import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'debian-tools.mjs');

/**
 * The path of a tool of Debian that a test cannot do without: the machine's, else fetched. Where it cannot be had the test
 * fails if this is the run that decides (RTN_NEEDS_TOOLS, which .ci/run sets), and else is skipped, which is told.
 */
export function neededTool(name: string, context: TestContext): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : giveUp(stderr.trim(), context);
}

/** How a command starts with mounts of its own, as root. */
export function ownMounts(context: TestContext): readonly [program: string, ...words: string[]] {
  const tried = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  if (tried.status === 0) return ['unshare', '--mount'];
  return giveUp('only root can make mounts of its own (unshare --mount), which a cron daemon needs', context);
}

function giveUp(problem: string, context: TestContext): never {
  if ((process.env.RTN_NEEDS_TOOLS ?? '') !== '') throw new Error(problem);
  process.stderr.write(`NOT TESTED: ${context.task.name}: ${problem}\n`);
  return context.skip(problem);
}
