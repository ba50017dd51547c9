import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { workTree } from '../git/worktree.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { dependenciesOf } from '../registry/links.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { byVersion, splitReference } from '../registry/version.js';
import { tableText } from '../report/table.js';
import { type LookOptions, withLookOptions } from './look.js';
import { rootOf, type Session } from './session.js';

/** A layer or template that an operation names, and the newest active version above it. */
interface Outdated {
  readonly operation: Artefact;
  readonly used: Artefact;
  readonly newest: Artefact;
}

/** `rtn outdated`: who could move up. Nobody has to, so the exit code is 0. */
export function register(command: Command, session: Session): void {
  withLookOptions(command)
    .argument('[name...]', 'operations; all where none is named')
    .addHelpText('after', '\nExamples:\n  rtn outdated\n  rtn outdated driver_push --json')
    .action(async (names: string[], options: LookOptions) => {
      const registry = loadRegistry(workTree(rootOf(options, session)), await session.components());
      const found = chosen(registry, names).flatMap((operation) => outdatedOf(operation, registry));
      session.out(options.json === true ? asJson(found, registry) : asText(found, registry, session));
    });
}

/** The newest version of each line that is in use or in work; of a name, all its lines. */
function chosen(registry: Registry, names: readonly string[]): Artefact[] {
  const newest = registry
    .all('operation')
    .filter(
      (operation) =>
        registry.newestInLine(operation) === operation && ['active', 'draft'].includes(operation.status),
    );
  if (names.length === 0) return newest;
  const asked = names.map((text) => ({ artefact: pick(registry, text, 'operation'), text }));
  return newest.filter((operation) =>
    asked.some(({ artefact, text }) =>
      splitReference(text).version === undefined ? artefact.name === operation.name : artefact === operation,
    ),
  );
}

function outdatedOf(operation: Artefact, registry: Registry): Outdated[] {
  const named = dependenciesOf(operation).map(({ kind, reference }) => registry.resolve(kind, reference));
  return [...new Set(named)].flatMap((used) => {
    if (used === undefined) return [];
    const newest = registry.versions(used.kind, used.name).findLast(({ status }) => status === 'active');
    const isNewer = newest !== undefined && byVersion(newest.version, used.version) > 0;
    return isNewer ? [{ operation, used, newest }] : [];
  });
}

function asText(found: readonly Outdated[], registry: Registry, { columns }: Session): string {
  if (found.length === 0) return 'No layer or template in use has a newer active version.\n';
  const rows = found.map(({ operation, used, newest }) => ({
    operation: referenceTo(operation),
    kind: used.kind,
    uses: referenceTo(used),
    status: used.status,
    newest: newest.version,
  }));
  const commands = [...new Set(found.map(({ operation }) => operation))].map(
    (operation) => `next: ${nextStep(operation, found, registry)}\n`,
  );
  return `${tableText(rows, { width: columns })}\n${commands.join('')}`;
}

function asJson(found: readonly Outdated[], registry: Registry): string {
  const list = found.map(({ operation, used, newest }) => ({
    operation: referenceTo(operation),
    kind: used.kind,
    uses: referenceTo(used),
    status: used.status,
    newest: referenceTo(newest),
    next: nextStep(operation, found, registry),
  }));
  return `${JSON.stringify(list, null, 2)}\n`;
}

/** The command that moves an operation to all that is newer; a draft is edited instead. */
function nextStep(operation: Artefact, found: readonly Outdated[], registry: Registry): string {
  const moves = found.filter((each) => each.operation === operation);
  const newest = (kind: string) =>
    moves.filter(({ used }) => used.kind === kind).map((move) => referenceTo(move.newest));
  if (operation.status === 'draft')
    return `edit ${operation.path}: ${moves.map((move) => `${referenceTo(move.used)} -> ${move.newest.version}`).join(', ')}`;
  const isNewest = registry.find('operation', operation.name) === operation;
  const isShared = registry.artefacts.some(
    ({ kind, name }) => kind !== 'operation' && name === operation.name,
  );
  return [
    `rtn bump ${isNewest ? operation.name : referenceTo(operation)}`,
    ...(isShared ? ['--kind operation'] : []),
    ...newest('layer').map((layer) => `--layer ${layer}`),
    ...(newest('template').length > 0 ? [`--template ${[...new Set(newest('template'))].join(' ')}`] : []),
  ].join(' ');
}
