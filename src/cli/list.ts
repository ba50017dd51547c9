import { type Command, Option } from 'commander';
import { workTree } from '../git/worktree.js';
import type { Artefact } from '../registry/artefact.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { tableText } from '../report/table.js';
import { type LookOptions, withLookOptions } from './look.js';
import { rootOf, type Session } from './session.js';

interface ListOptions extends LookOptions {
  readonly status?: string;
  readonly all?: boolean;
}

/** On a narrow terminal the layer makes room for this much of the title. */
const MIN_TITLE = 24;

/** One line of the list. */
interface Entry {
  readonly artefact: Artefact;
  /** How many other versions the name has; undefined where every version is listed. */
  readonly others?: number;
}

/** `rtn list`: what there is. */
export function register(command: Command, session: Session): void {
  withLookOptions(command, 'only this kind')
    .addOption(
      new Option('--status <status>', 'only versions with this status').choices([
        'draft',
        'active',
        'deprecated',
        'withdrawn',
      ]),
    )
    .option('--all', 'every version; else the newest active one of each name, or the newest where none is')
    .addHelpText('after', '\nExamples:\n  rtn list\n  rtn list --kind layer --all\n  rtn list --status draft')
    .action(async (options: ListOptions) => {
      const registry = loadRegistry(workTree(rootOf(options, session)), await session.components());
      const entries = entriesOf(registry, options);
      session.out(options.json === true ? asJson(entries) : asText(entries, session));
    });
}

function entriesOf(registry: Registry, { kind, status, all }: ListOptions): Entry[] {
  const wanted = registry.artefacts.filter(
    (artefact) =>
      (kind === undefined || artefact.kind === kind) && (status === undefined || artefact.status === status),
  );
  if (all === true) return wanted.map((artefact) => ({ artefact }));
  // Versions come ascending, so the last one that is told of a name is the newest.
  const byName = new Map<string, Artefact>();
  for (const artefact of wanted) {
    const key = `${artefact.kind} ${artefact.name}`;
    if (artefact.status === 'active' || byName.get(key)?.status !== 'active') byName.set(key, artefact);
  }
  return [...byName.values()].map((artefact) => ({
    artefact,
    others: registry.versions(artefact.kind, artefact.name).length - 1,
  }));
}

function asText(entries: readonly Entry[], { columns }: Session): string {
  if (entries.length === 0) return 'There is none.\n';
  const bare = rowsOf(entries, true).map(({ title: _title, ...row }) => row);
  const [, rule = ''] = tableText(bare).split('\n');
  const hasRoom = columns === undefined || columns - rule.length >= MIN_TITLE;
  return tableText(rowsOf(entries, hasRoom), { width: columns });
}

/** Columns that would be empty are left out; every other cell has a word, so that awk counts right. */
function rowsOf(entries: readonly Entry[], withLayers: boolean) {
  const hasOthers = entries.some(({ others = 0 }) => others > 0);
  const hasLayers = withLayers && entries.some(({ artefact }) => artefact.kind === 'operation');
  return entries.map(({ artefact: { kind, name, version, status, document }, others = 0 }) => ({
    kind,
    name,
    version,
    ...(hasOthers && { others: others === 0 ? '-' : `+${others}` }),
    status,
    ...(hasLayers && { layer: document.layer ?? '-' }),
    title: document.title,
  }));
}

function asJson(entries: readonly Entry[]): string {
  const list = entries.map(({ artefact: { kind, name, version, status, path, document }, others }) => ({
    kind,
    name,
    version,
    status,
    layer: document.layer,
    title: document.title,
    path,
    others,
  }));
  return `${JSON.stringify(list, null, 2)}\n`;
}
