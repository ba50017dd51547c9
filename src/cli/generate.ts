import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { PACKAGE_NAME } from '../generator/runner.js';
import { type RunnerFiles, runnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry } from '../registry/registry.js';
import { writeBundle } from './bundle.js';
import { manifestOf, packageRoot, resolvedFrom } from './installed.js';
import { rootOf, type Session, withRoot } from './session.js';

interface GenerateOptions {
  readonly root?: string;
  readonly runner?: string;
  readonly out: string;
  readonly bundle?: boolean;
  readonly draft?: boolean;
}

/** `rtn generate`: runners of an operation as files, alone or with all they need to start elsewhere. */
export function register(command: Command, session: Session): void {
  withRoot(command)
    .argument('<name>', 'operation as NAME (its newest active version) or NAME@VERSION')
    .option('--runner <runner>', 'only this one of its runners')
    .option('--out <dir>', 'folder for the files', 'runners')
    .option(
      '--bundle',
      'add package.json, package-lock.json and the package itself: npm ci, then start it anywhere',
    )
    .option('--draft', 'accept a draft')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn generate driver_push\n  rtn generate driver_push@1.4.10 --runner one-shot --bundle --out /srv/driver_push',
    )
    .action((name: string, options: GenerateOptions) => generate(name, options, session));
}

async function generate(reference: string, options: GenerateOptions, session: Session): Promise<void> {
  const components = await session.components();
  const registry = loadRegistry(workTree(rootOf(options, session)), components);
  const made = runnerFiles(registry, {
    reference,
    runner: options.runner,
    allowsDrafts: options.draft === true,
    components,
  });
  const folder = resolve(session.cwd, options.out);
  const others =
    options.bundle === true ? await writeBundle(folder, made, { root: packageRoot(), env: session.env }) : [];
  const written = [...writeRunners(folder, made), ...others];
  for (const name of written) session.out(`wrote ${relative(session.cwd, join(folder, name)) || name}\n`);
  if (options.bundle === true) session.out(`next: cd ${shown(folder, session)} && npm ci\n`);
  else
    warnOfImports(
      folder,
      made,
      `rtn generate ${reference}${options.draft === true ? ' --draft' : ''}`,
      session,
    );
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
