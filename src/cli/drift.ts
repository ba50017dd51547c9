import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { foreignCode, RtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import { driftOf } from '../generator/drift.js';
import { originOf } from '../generator/origin.js';
import {
  allRunnerFiles,
  type RunnerFiles,
  type RunnerFilesRequest,
  runnerFiles,
} from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { splitReference } from '../registry/version.js';
import { jsonReport } from '../report/json.js';
import { plural, textReport } from '../report/text.js';
import { shellPath } from '../shell.js';
import { componentsOf, importsFrom } from './components.js';
import { rootOf, type Session } from './session.js';

/** What of `rtn generate` holds for `--check`, too. */
export interface DriftOptions {
  readonly root?: string;
  readonly runner?: string;
  readonly out: string;
  readonly draft?: boolean;
  readonly json?: boolean;
}

/** A runner is a few kilobytes; what is larger is none of ours. */
const MAX_BYTES = 2_000_000;

/** `rtn generate --check`: says how the generated files differ from what the registry gives. Writes nothing. */
export async function checkRunners(
  reference: string | undefined,
  options: DriftOptions,
  session: Session,
): Promise<void> {
  const root = rootOf(options, session);
  const { specs: components } = await componentsOf(root, session);
  const registry = loadRegistry(workTree(root), components);
  const name = reference === undefined ? undefined : splitReference(reference).name;
  requireReadable(registry, name);
  const folder = resolve(session.cwd, options.out);
  const texts = textsIn(folder);
  const expected =
    reference !== undefined && isGone(registry, reference, texts)
      ? []
      : expectedFiles(registry, reference, options, { components, importOf: importsFrom(folder, root) });
  const findings = driftOf({
    registry,
    expected,
    texts,
    pathOf: (file) => relative(session.cwd, join(folder, file)),
    flags: flagsOf(options),
    isAsked: ({ operation, runner }) =>
      (name ?? operation) === operation && (options.runner ?? runner) === runner,
  });
  const count = expected.reduce((sum, { files }) => sum + files.length, 0);
  const textOf = (path: string) => texts.get(relative(folder, resolve(session.cwd, path)));
  session.out(
    options.json === true
      ? jsonReport({ registry, judged: expected, findings, waived: [], textOf })
      : textReport(findings, { textOf, hasColor: session.hasColor, scope: plural(count, 'runner') }),
  );
  session.exitCode = findings.length > 0 ? COMMAND_EXIT.findings : COMMAND_EXIT.ok;
}

/** Of a name whose versions are all deleted or withdrawn no runner is expected, but some may be left. */
function isGone(registry: Registry, reference: string, texts: ReadonlyMap<string, string>): boolean {
  const { name, version } = splitReference(reference);
  if (version !== undefined) return registry.find('operation', name, version)?.status === 'withdrawn';
  const versions = registry.versions('operation', name);
  if (versions.length > 0) return versions.every(({ status }) => status === 'withdrawn');
  // A slip of the keyboard has left nothing behind, and is told as one.
  return [...texts.values()].some((text) => originOf(text.replaceAll('\r\n', '\n'))?.operation === name);
}

function expectedFiles(
  registry: Registry,
  reference: string | undefined,
  { runner, draft = false }: DriftOptions,
  made: Pick<RunnerFilesRequest, 'components' | 'importOf'>,
): RunnerFiles[] {
  return reference === undefined
    ? allRunnerFiles(registry, made)
    : [runnerFiles(registry, { reference, runner, allowsDrafts: draft, ...made })];
}

/** Of an operation that cannot be read nothing is known, so its runners are no orphans. Throws `configuration`. */
function requireReadable(registry: Registry, name: string | undefined): void {
  for (const operation of registry.all('operation')) {
    if ((name ?? operation.name) === operation.name && operation.source.value === undefined)
      throw new RtnError('configuration', `${operation.path} has findings`, { next: 'rtn check' });
  }
}

function flagsOf({ root, out, runner, draft }: DriftOptions): string[] {
  return [
    ...(root === undefined ? [] : ['--root', shellPath(root)]),
    ...(runner === undefined ? [] : ['--runner', shellPath(runner)]),
    ...(out === 'runners' ? [] : ['--out', shellPath(out)]),
    ...(draft === true ? ['--draft'] : []),
  ];
}

/** The text of each file of the folder, by name; none where there is no such folder. */
function textsIn(folder: string): Map<string, string> {
  try {
    const names = readdirSync(folder).filter((name) => {
      const stats = statSync(join(folder, name), { throwIfNoEntry: false });
      return stats?.isFile() === true && stats.size <= MAX_BYTES;
    });
    return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } catch (cause) {
    if (foreignCode(cause) === 'ENOENT') return new Map();
    throw new RtnError('undetermined', `${folder} cannot be read`, { cause });
  }
}
