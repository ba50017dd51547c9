import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { workTree } from '../git/worktree.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { dependenciesOf } from '../registry/links.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { byVersion, lineOf } from '../registry/version.js';
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
      const operations = chosen(registry, names);
      const found = mostUrgentFirst(operations.flatMap((operation) => outdatedOf(operation, registry)));
      session.out(
        options.json === true ? asJson(found, registry) : asText(found, operations.length, registry, session),
      );
    });
}

/** What was named in full; of a name, or of all, the versions that somebody works with. */
function chosen(registry: Registry, names: readonly string[]): Artefact[] {
  if (names.length === 0)
    return registry.names('operation').flatMap((name) => inWork(registry.versions('operation', name)));
  const asked = names.flatMap((text) => {
    const artefact = pick(registry, text, 'operation');
    const isName = text === artefact.name;
    return isName ? inWork(registry.versions('operation', artefact.name)) : [artefact];
  });
  return [...new Set(asked)];
}

/**
 * The newest version, where it is a draft, and the newest active one, unless that draft is in its line and so takes its
 * place. What lies below is history: nobody would move it.
 */
function inWork(versions: readonly Artefact[]): Artefact[] {
  const newest = versions.at(-1);
  const active = versions.findLast(({ status }) => status === 'active');
  if (newest?.status !== 'draft') return active === undefined ? [] : [active];
  const isSuperseded = active === undefined || lineOf(active.version) === lineOf(newest.version);
  return isSuperseded ? [newest] : [active, newest];
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

/** What is withdrawn cannot run and what is deprecated should be left: these stand before what is merely older. */
function mostUrgentFirst(found: readonly Outdated[]): Outdated[] {
  const rank = ({ used: { status } }: Outdated) =>
    status === 'withdrawn' ? 0 : status === 'deprecated' ? 1 : 2;
  return [...found].sort((a, b) => rank(a) - rank(b));
}

function asText(
  found: readonly Outdated[],
  operations: number,
  registry: Registry,
  { columns }: Session,
): string {
  if (found.length === 0) return 'No layer or template in use has a newer active version.\n';
  const rows = found.map(({ operation, used, newest }) => ({
    operation: `${referenceTo(operation)}${operation.status === 'active' ? '' : ` (${operation.status})`}`,
    uses: `${used.kind} ${referenceTo(used)}${used.status === 'active' ? '' : ` (${used.status})`}`,
    newest: newest.version,
  }));
  const behind = new Set(found.map(({ operation }) => operation)).size;
  const duty = found.some(({ used }) => used.status === 'withdrawn')
    ? 'what is withdrawn must be left'
    : 'nobody has to';
  const summary = `${behind} of ${operations} ${operations === 1 ? 'operation' : 'operations'} could move; ${duty}.\n`;
  const commands = commandsFor(found, registry).map((command) => `next: ${command}\n`);
  return [
    tableText(rows, { width: columns }),
    '\n',
    summary,
    ...superseded(found, registry),
    ...commands,
  ].join('');
}

function asJson(found: readonly Outdated[], registry: Registry): string {
  const list = found.map((each) => ({
    operation: referenceTo(each.operation),
    operation_status: each.operation.status,
    kind: each.used.kind,
    uses: referenceTo(each.used),
    status: each.used.status,
    newest: referenceTo(each.newest),
    next: commandsFor(
      found.filter(({ operation }) => operation === each.operation),
      registry,
    )[0],
  }));
  return `${JSON.stringify(list, null, 2)}\n`;
}

/** A word on each version that was asked for and that `rtn bump` would not touch, since it moves the newest of a line. */
function superseded(found: readonly Outdated[], registry: Registry): string[] {
  return [...new Set(found.map(({ operation }) => operation))].flatMap((operation) => {
    const newest = registry.newestInLine(operation);
    return newest === undefined || newest === operation
      ? []
      : [`${referenceTo(operation)} stays as it is: ${referenceTo(newest)} is newer in its line.\n`];
  });
}

/** The commands that move operations to all that is newer, one for all that have the same way to go. */
function commandsFor(found: readonly Outdated[], registry: Registry): string[] {
  const byMove = new Map<string, Artefact[]>();
  for (const operation of new Set(found.map((each) => each.operation))) {
    if (registry.newestInLine(operation) !== operation) continue;
    const move = moveOf(found.filter((each) => each.operation === operation));
    byMove.set(move, [...(byMove.get(move) ?? []), operation]);
  }
  return [...byMove].map(([move, operations]) => {
    const names = operations.map((operation) =>
      registry.find('operation', operation.name) === operation ? operation.name : referenceTo(operation),
    );
    const isShared = operations.some(({ name }) =>
      registry.artefacts.some((other) => other.kind !== 'operation' && other.name === name),
    );
    return `rtn bump ${names.join(' ')}${isShared ? ' --kind operation' : ''} ${move}`;
  });
}

/** `--layer X --template Y Z`: bump edits a draft in place and begins one for what is published. */
function moveOf(moves: readonly Outdated[]): string {
  const newest = (kind: string) => [
    ...new Set(moves.filter(({ used }) => used.kind === kind).map((move) => referenceTo(move.newest))),
  ];
  const templates = newest('template');
  return [
    ...newest('layer').map((layer) => `--layer ${layer}`),
    ...(templates.length > 0 ? [`--template ${templates.join(' ')}`] : []),
  ].join(' ');
}
