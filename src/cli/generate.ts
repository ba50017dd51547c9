import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { PACKAGE_NAME } from '../generator/runner.js';
import { allRunnerFiles, type RunnerFiles, runnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { referenceTo } from '../registry/artefact.js';
import { loadRegistry } from '../registry/registry.js';
import { writeBundle } from './bundle.js';
import { componentsOf, copyModules, importsFrom } from './components.js';
import { checkRunners } from './drift.js';
import { generateTarget } from './generate-target.js';
import { manifestOf, packageRoot, resolvedFrom } from './installed.js';
import { noticeOfDeprecation } from './notice.js';
import { rootOf, type Session, withRoot } from './session.js';
import { strayTargetOptions, withTargetOptions } from './target-options.js';

interface GenerateOptions {
  readonly root?: string;
  readonly runner?: string;
  readonly out?: string;
  readonly target?: string;
  readonly bundle?: boolean;
  readonly draft?: boolean;
  readonly all?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

const RUNNERS_FOLDER = 'runners';

/** `rtn generate`: runners of an operation as files, alone or with all they need elsewhere; what schedulers start them by. */
export function register(command: Command, session: Session): void {
  withTargetOptions(withRoot(command))
    .argument(
      '[name]',
      'operation as NAME (its newest active version) or NAME@VERSION; with --target a schedule, or an operation for all of its',
    )
    .option('--all', 'every active operation; with --target every schedule')
    .option('--check', 'compare the files with the registry and write nothing; without a name all of them')
    .option('--json', 'print the findings of --check as JSON')
    .option('--runner <runner>', 'only this one of its runners')
    .option('--out <dir>', 'folder for the files (default: runners, or schedulers/TARGET)')
    .option(
      '--bundle',
      'add package.json, package-lock.json and the package itself: npm ci, then start it anywhere',
    )
    .option('--draft', 'accept a draft')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn generate driver_push\n  rtn generate driver_push@1.4.10 --runner one-shot --bundle --out /srv/driver_push\n  rtn generate --check\n  rtn generate weekly --target systemd --out /tmp/units\n  rtn generate --all --target crontab --user rtn --check',
    )
    .action((name: string | undefined, options: GenerateOptions) => {
      requireFitting(name, options);
      if (options.target !== undefined)
        return generateTarget(name, { ...options, target: options.target }, command, session);
      const [stray] = strayTargetOptions(command);
      if (stray !== undefined)
        throw new RtnError('usage', `${stray} goes with --target`, { next: 'rtn generate --help' });
      return options.check === true
        ? checkRunners(name, { out: RUNNERS_FOLDER, ...options }, session)
        : generate(name, options, session);
    });
}

/** Throws `usage` where options do not go together. */
function requireFitting(name: string | undefined, options: GenerateOptions): void {
  const { all, check, json, bundle, runner, draft, target } = options;
  const refuse = (problem: string, next: string): never => {
    throw new RtnError('usage', problem, { next });
  };
  if (name === undefined && all !== true && check !== true)
    refuse('which operation?', 'rtn generate NAME, or rtn generate --all');
  if (name !== undefined && all === true) refuse('--all takes no name', `rtn generate ${name}`);
  if (name === undefined && target === undefined && (runner !== undefined || draft === true))
    refuse('--runner and --draft want the name of an operation', 'rtn generate NAME');
  if (bundle === true && (all === true || check === true))
    refuse('--bundle is for one operation, and writes', 'rtn generate NAME --bundle');
  if (target !== undefined && (bundle === true || runner !== undefined))
    refuse('--target takes neither --bundle nor --runner', 'rtn generate NAME --target TARGET');
  if (json === true && check !== true) refuse('--json goes with --check', 'rtn generate --check --json');
}

async function generate(
  reference: string | undefined,
  options: GenerateOptions,
  session: Session,
): Promise<void> {
  const root = rootOf(options, session);
  const { specs: components } = await componentsOf(root, session);
  const registry = loadRegistry(workTree(root), components);
  const allowsDrafts = options.draft === true;
  const folder = resolve(session.cwd, options.out ?? RUNNERS_FOLDER);
  const importOf = options.bundle === true ? undefined : importsFrom(folder, root);
  const all =
    reference === undefined
      ? allRunnerFiles(registry, { components, importOf })
      : [runnerFiles(registry, { reference, runner: options.runner, allowsDrafts, components, importOf })];
  for (const { operation } of all) noticeOfDeprecation(operation, session);
  if (options.bundle === true) for (const made of all) await bundle(folder, made, root, session);
  else for (const made of all) plainFiles(folder, made, options, session);
}

async function bundle(folder: string, made: RunnerFiles, root: string, session: Session): Promise<void> {
  const others = await writeBundle(folder, made, { root: packageRoot(), env: session.env });
  tellWritten(
    folder,
    [...writeRunners(folder, made), ...copyModules(folder, made, root), ...others],
    session,
  );
  session.out(`next: cd ${shown(folder, session)} && npm ci\n`);
}

function plainFiles(folder: string, made: RunnerFiles, { draft }: GenerateOptions, session: Session): void {
  tellWritten(folder, writeRunners(folder, made), session);
  const command = `rtn generate ${referenceTo(made.operation)}${draft === true ? ' --draft' : ''}`;
  warnOfImports(folder, made, command, session);
}

function tellWritten(folder: string, names: readonly string[], session: Session): void {
  for (const name of names) session.out(`wrote ${relative(session.cwd, join(folder, name)) || name}\n`);
}

/** Writes the runners as executable files; gives their names. */
function writeRunners(folder: string, { files }: RunnerFiles): string[] {
  try {
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of files) {
      writeFileSync(join(folder, name), text);
      // The mode of writeFileSync holds only for a new file, and less the umask.
      chmodSync(join(folder, name), 0o755);
    }
  } catch (cause) {
    throw new RtnError(
      'configuration',
      `${folder} cannot be written to: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  return files.map(({ name }) => name);
}

/** A runner imports the package by name: says so where that would fail, or would find another than the layer names. */
function warnOfImports(folder: string, made: RunnerFiles, command: string, session: Session): void {
  const problem = importProblem(folder, made);
  if (problem === undefined) return;
  const out = shown(folder, session);
  session.err(
    `warning: ${out} ${problem}, so its runners may not start\nnext: ${command} --out ${out} --bundle\n`,
  );
}

function importProblem(folder: string, { operation, layer }: RunnerFiles): string | undefined {
  const found = resolvedFrom(folder);
  if (found === undefined) return `finds no package ${PACKAGE_NAME}`;
  const [wanted, version] = [
    layer.packages[PACKAGE_NAME],
    manifestOf(found)?.version ?? 'that cannot be read',
  ];
  if (wanted === undefined || version === wanted) return undefined;
  return `finds ${PACKAGE_NAME} ${version}, where layer ${String(operation.document.layer)} names ${wanted}`;
}

function shown(folder: string, { cwd }: Session): string {
  return relative(cwd, folder) || '.';
}
