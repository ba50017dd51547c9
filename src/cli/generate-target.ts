import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry } from '../registry/registry.js';
import { resolveSchedule } from '../rules/schedules.js';
import { shellPath, shellWord } from '../shell.js';
import { requireExpressible } from '../targets/refusal.js';
import type { ScheduledRunner, TargetFile } from '../targets/target.js';
import { componentsOf } from './components.js';
import { noticeOfDeprecation } from './notice.js';
import { rootOf, type Session } from './session.js';
import { checkTargetFiles } from './target-drift.js';
import { givenOptions, optionsFor, theTarget } from './target-options.js';
import { scheduledRunner, schedulesNamed } from './target-runners.js';

/** What of `rtn generate` holds for `--target`, too. */
export interface TargetRequest {
  readonly root?: string;
  readonly target: string;
  readonly out?: string;
  readonly draft?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** `rtn generate NAME --target crontab`: the files by which a scheduler starts schedules, or how those written differ. */
export async function generateTarget(
  name: string | undefined,
  request: TargetRequest,
  command: Command,
  session: Session,
): Promise<void> {
  const target = theTarget(request.target);
  const options = optionsFor(target, givenOptions(command));
  const root = rootOf(request, session);
  const { specs: components } = await componentsOf(root, session);
  const registry = loadRegistry(workTree(root), components);
  const allowsDrafts = request.draft === true;
  const runs = schedulesNamed(name, registry).map((schedule) => {
    const resolved = resolveSchedule(registry, schedule, { allowsDrafts });
    noticeOfDeprecation(resolved.operation, session);
    return scheduledRunner(schedule, resolved, { registry, components, allowsDrafts });
  });
  requireExpressible(target, runs, options);
  const folder = resolve(session.cwd, request.out ?? join('schedulers', target.key));
  const shown = relative(session.cwd, folder) || '.';
  const outputs = runs.map((run) => ({ run, ...target.generate(run, options, shown) }));
  if (request.check === true) {
    const files = outputs.flatMap((output) => output.files);
    checkTargetFiles(
      {
        files,
        folder,
        isAll: name === undefined,
        json: request.json === true,
        fix: commandFor(name, request, givenOptions(command)),
      },
      session,
    );
    return;
  }
  refuseSameFile(outputs);
  for (const { run, files, notes } of outputs) {
    for (const path of writeFiles(folder, files)) session.out(`wrote ${relative(session.cwd, path)}\n`);
    session.out(`${run.schedule.name}:\n${notes.map((note) => `  ${note}\n`).join('')}`);
  }
}

interface TargetOutput {
  readonly run: ScheduledRunner;
  readonly files: readonly TargetFile[];
}

/** One schedule's file must not be another's: a name of Kubernetes has no `_`, and an option may name them all alike. */
function refuseSameFile(outputs: readonly TargetOutput[]): void {
  const owners = new Map<string, TargetOutput>();
  for (const output of outputs) {
    for (const { path, text } of output.files) {
      const other = owners.get(path);
      const isShared = other?.files.some((file) => file.path === path && file.text === text) === true;
      if (other !== undefined && !isShared)
        throw new RtnError(
          'usage',
          `${path} would be the file of both ${other.run.schedule.name} and ${output.run.schedule.name}; nothing was written`,
          { next: 'name one of the schedules otherwise, or generate them one by one' },
        );
      owners.set(path, output);
    }
  }
}

/** The command line that writes the files, to paste. */
function commandFor(
  name: string | undefined,
  { root, target, out, draft }: TargetRequest,
  given: readonly [flag: string, text: string][],
): string {
  const words = [
    `rtn generate ${name === undefined ? '--all' : shellWord(name)} --target ${target}`,
    ...(root === undefined ? [] : [`--root ${shellPath(root)}`]),
    ...(out === undefined ? [] : [`--out ${shellPath(out)}`]),
    ...(draft === true ? ['--draft'] : []),
    ...given.map(([flag, text]) => (text === 'true' ? `--${flag}` : `--${flag} ${shellWord(text)}`)),
  ];
  return words.join(' ');
}

function writeFiles(folder: string, files: readonly TargetFile[]): string[] {
  try {
    mkdirSync(folder, { recursive: true });
    return files.map(({ path, text, mode }) => {
      const whole = join(folder, path);
      writeFileSync(whole, text);
      // The mode of writeFileSync holds only for a new file, and less the umask.
      chmodSync(whole, mode);
      return whole;
    });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new RtnError('configuration', `${folder} cannot be written to: ${problem}`, { cause });
  }
}
