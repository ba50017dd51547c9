import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { type RunnerFile, runnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry } from '../registry/registry.js';
import { componentsOf } from './components.js';
import { packageRoot } from './installed.js';
import { noticeOfDeprecation } from './notice.js';
import { makeRunnerFolder } from './runner-folder.js';
import { rootOf, type Session, withRoot } from './session.js';

interface RunVerbOptions {
  readonly root?: string;
  readonly runner?: string;
  readonly draft?: boolean;
}

const DEFAULT_RUNNER = 'one-shot';
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** `rtn run`: generates one runner into a temporary folder and becomes it, as far as a parent can. */
export function register(command: Command, session: Session): void {
  withRoot(command)
    .argument('<name>', 'operation as NAME (its newest active version) or NAME@VERSION')
    .argument('[flags...]', 'behind --: the flags of the runner')
    .option('--runner <runner>', `which of its runners (default: the only one, else ${DEFAULT_RUNNER})`)
    .option('--draft', 'accept a draft')
    .addHelpText(
      'after',
      '\nThe exit code is that of the runner.\n\nExamples:\n  rtn run driver_push -- --help\n  rtn run driver_push --runner service -- --concurrency 16',
    )
    .action((name: string, flags: string[], options: RunVerbOptions) =>
      runOperation(name, flags, options, session),
    );
}

/** Starts a runner of an operation with these flags; the session's exit code becomes that of the runner. */
export async function runOperation(
  reference: string,
  flags: readonly string[],
  options: RunVerbOptions,
  session: Session,
): Promise<void> {
  const root = rootOf(options, session);
  const { specs: components } = await componentsOf(root, session);
  const registry = loadRegistry(workTree(root), components);
  const request = {
    reference,
    runner: options.runner,
    allowsDrafts: options.draft === true,
    components,
    // The runner stands in a folder of its own; the module stays where its own imports are found.
    importOf: (module: string) => pathToFileURL(join(root, module)).href,
  };
  const { files, operation } = runnerFiles(registry, request);
  noticeOfDeprecation(operation, session);
  const file = files.length === 1 ? files[0] : files.find(({ runner }) => runner === DEFAULT_RUNNER);
  if (file === undefined) {
    const known = files.map(({ runner }) => `--runner ${runner}`).join(' or ');
    throw new RtnError('usage', `which runner of ${reference}?`, { next: `rtn run ${reference} ${known}` });
  }
  session.exitCode = await startRunner(file, flags, {
    root: packageRoot(),
    cwd: session.cwd,
    env: session.env,
  });
}

export interface Surroundings {
  /** Folder of the package that the runner imports. */
  readonly root: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts a runner with our standard streams and gives its exit code; 128 + n when signal n killed it. It stands in a
 * folder of its own, whose node_modules leads to the package: nothing is written where the user works.
 */
export async function startRunner(
  file: RunnerFile,
  flags: readonly string[],
  { root, cwd, env }: Surroundings,
): Promise<number> {
  const { folder, path } = makeRunnerFolder(file, root);
  try {
    return await exitOf(path, flags, cwd, env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function exitOf(
  path: string,
  flags: readonly string[],
  cwd: string,
  env: Surroundings['env'],
): Promise<number> {
  const child = spawn(process.execPath, [path, ...flags], { cwd, env: { ...env }, stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to the runner, too. Sent once more it would be the second signal: exit at once.
    if (signal === 'SIGTERM' || !hasTerminal()) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new RtnError('undetermined', 'node could not be started', { cause })),
    );
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  }).finally(() => {
    for (const signal of FORWARDED) process.off(signal, forward);
  });
}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY === true);
}
