import {
  type Artefact,
  type ArtefactKind,
  classify,
  type Identity,
  referenceTo,
} from '../registry/artefact.js';
import { canonicalJson } from '../registry/canonical.js';
import type { Status } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { nextVersion } from '../registry/level.js';
import type { Registry } from '../registry/registry.js';
import type { ScheduleFile } from '../registry/scheduleFile.js';
import { scriptsOf } from '../registry/scripts.js';
import { shellPath } from '../shell.js';

/** What a change is judged against: one commit, for what changed and for the old versions alike. */
export interface Base {
  /** As it was asked for and as messages name it: `origin/main`. */
  readonly ref: string;
  /** The merge base with HEAD. */
  readonly commit: string;
  /** The registry at that commit. */
  readonly registry: Registry;
  /** Every path that differs between that commit and what is judged. */
  readonly changed: ReadonlySet<string>;
  /** What the target itself got since that commit, and what is judged does not have alike. */
  readonly taken: readonly Identity[];
}

/** The artefacts whose own files differ from the base: document, text or script. */
export function changedArtefacts(registry: Registry, { changed }: Base): Artefact[] {
  // Documents are opened only beside a changed file that is none itself: a text or a script that they may name.
  const others = [...changed].filter((path) => typeof classify(path) === 'string');
  const folders = new Set(others.map(folderOf));
  return registry.artefacts.filter(
    (artefact) =>
      changed.has(artefact.path) ||
      (artefact.kind !== 'layer' &&
        folders.has(folderOf(artefact.path)) &&
        filesBeside(artefact, registry).some((file) => changed.has(file))),
  );
}

/** `operations/driver_push` of whatever stands below it. */
function folderOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** The artefacts of the base that are no longer there, under whatever path. */
export function removedArtefacts(registry: Registry, { changed, registry: base }: Base): Artefact[] {
  const gone = [...changed].flatMap((path) => {
    const identity = classify(path);
    return typeof identity === 'object' && 'kind' in identity ? [identity] : [];
  });
  return gone.flatMap(({ kind, name, version }) => {
    const before = base.find(kind, name, version);
    return before !== undefined && registry.find(kind, name, version) === undefined ? [before] : [];
  });
}

/** The files of schedules that the change touches, and those besides whose operation it touches; without a base all. */
export function schedulesToJudge(
  { scheduleFiles: files }: Registry,
  base: Base | undefined,
  touched: readonly Identity[],
): { scheduleFiles: readonly ScheduleFile[]; touchedSchedules: readonly ScheduleFile[] } {
  if (base === undefined) return { scheduleFiles: files, touchedSchedules: [] };
  const operations = new Set(touched.flatMap(({ kind, name }) => (kind === 'operation' ? name : [])));
  return {
    scheduleFiles: files.filter(({ path }) => base.changed.has(path)),
    touchedSchedules: files.filter(
      ({ path, operation }) => !base.changed.has(path) && operations.has(operation),
    ),
  };
}

/** Those that cannot do without any of these, directly or through others. */
export function dependentsOf(artefacts: readonly Identity[], registry: Registry): Artefact[] {
  const found = new Set<Artefact>();
  const open = [...artefacts];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const dependent of registry.dependents(next)) {
      if (found.has(dependent)) continue;
      found.add(dependent);
      open.push(dependent);
    }
  }
  return [...found];
}

/** The least version of the line that nobody has: neither what is judged, nor the base, nor the target by now. */
export function nextFree(artefact: Identity, registry: Registry, base: Base | undefined): string {
  const { kind, name } = artefact;
  const all = [
    ...registry.versions(kind, name),
    ...(base?.registry.versions(kind, name) ?? []),
    ...(base?.taken ?? []).filter((other) => other.kind === kind && other.name === name),
  ];
  const versions = all.map(({ version }) => version);
  return nextVersion(artefact.version, versions, 'patch');
}

/** The files that its digests cover beside the document, be they there or not: a template's text, an operation's scripts. */
export function filesBeside(artefact: Artefact, registry: Registry): string[] {
  const text = registry.textOf(artefact);
  const scripts = scriptsOf(artefact).flatMap(({ file }) => file ?? []);
  const named = artefact.document.text;
  const missing =
    typeof named === 'string' && text === undefined ? [`templates/${artefact.name}/${named}`] : [];
  return [...(text === undefined ? [] : [text.path]), ...missing, ...scripts];
}

/** What an artefact was on the base, where it was published there. */
export function publishedBefore(
  { kind, name, version }: Identity,
  base: Base | undefined,
): Artefact | undefined {
  const before = base?.registry.find(kind, name, version);
  return isMap(before?.document.published) ? before : undefined;
}

/** Whether the base has another record of what was published, or this has none any more: version/digest. */
export function isRewritten(artefact: Artefact, base: Base | undefined): boolean {
  const before = publishedBefore(artefact, base);
  return (
    before !== undefined &&
    artefact.status !== 'draft' &&
    canonicalJson(before.document.published) !== canonicalJson(artefact.document.published)
  );
}

/** Whether it was further in its life on the base: version/backwards. What cannot be read has no status. */
export function isBackwards(artefact: Artefact, base: Base | undefined): boolean {
  const before = publishedBefore(artefact, base);
  return (
    before !== undefined &&
    artefact.source.value !== undefined &&
    STATUS_ORDER.indexOf(artefact.status) < STATUS_ORDER.indexOf(before.status)
  );
}

const STATUS_ORDER: readonly Status[] = ['draft', 'active', 'deprecated', 'withdrawn'];

/** The command that brings files back as they were at a commit. */
export function restoring(files: readonly string[], commit?: string): string {
  const source = commit === undefined ? '' : `--source=${commit.slice(0, 12)} `;
  return `git restore ${source}--staged --worktree -- ${files.map(shellPath).join(' ')}`;
}

/** Whether an artefact is one of the change: not on the base, or, where no base is known, still a draft. */
export function isNew(artefact: Artefact, base: Base | undefined): boolean {
  if (base === undefined) return artefact.status === 'draft';
  return base.registry.find(artefact.kind, artefact.name, artefact.version) === undefined;
}

/** The newest version of a name that is active, other than the one given. */
export function newestActive(kind: ArtefactKind, name: string, registry: Registry): string | undefined {
  const newest = registry.versions(kind, name).findLast(({ status }) => status === 'active');
  return newest && referenceTo(newest);
}
