import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import {
  ARTEFACT_KINDS,
  type Artefact,
  type ArtefactKind,
  classify,
  FOLDERS,
  type Identity,
  pathOf,
  referenceTo,
} from './artefact.js';
import { ArtefactFile } from './artefactFile.js';
import type { LayerDocument, OperationDocument, TemplateDocument } from './document.js';
import { compareText, type Finding } from './finding.js';
import { dependenciesOf, replacementOf } from './links.js';
import { ScheduleFile, scheduledOperation } from './scheduleFile.js';
import { suggestion } from './spelling.js';
import { type FileChange, type FileTree, withChanges } from './tree.js';
import { documentValidator } from './validation.js';
import { byVersion, lineOf, splitReference, strictVersion } from './version.js';

/** The file that holds the text of a template. */
export interface TextFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Everything that a tree holds, by kind, name and version. Immutable: after a change, load again. */
export class Registry {
  readonly tree: FileTree;
  /** By kind, then name, then version, ascending. */
  readonly artefacts: readonly Artefact[];
  /** Files that stand where nobody would ever read them (`version/path`). */
  readonly misplaced: readonly Finding[];
  /** The files of schedules, by the name of their operation. */
  readonly scheduleFiles: readonly ScheduleFile[];
  readonly #byKey: ReadonlyMap<string, Artefact>;
  readonly #byName: ReadonlyMap<string, readonly Artefact[]>;

  readonly #specs: readonly ComponentSpec[];

  constructor(
    tree: FileTree,
    specs: readonly ComponentSpec[],
    artefacts: readonly Artefact[],
    misplaced: readonly Finding[],
    scheduleFiles: readonly ScheduleFile[],
  ) {
    const order = (kind: ArtefactKind) => ARTEFACT_KINDS.indexOf(kind);
    this.tree = tree;
    this.#specs = specs;
    this.misplaced = misplaced;
    this.scheduleFiles = [...scheduleFiles].sort((a, b) => compareText(a.path, b.path));
    this.artefacts = [...artefacts].sort(
      (a, b) =>
        order(a.kind) - order(b.kind) || compareText(a.name, b.name) || byVersion(a.version, b.version),
    );
    this.#byKey = new Map(artefacts.map((artefact) => [keyOf(artefact), artefact]));
    this.#byName = groupBy(this.artefacts, ({ kind, name }) => `${kind} ${name}`);
  }

  /** The registry as it would be with some files changed. */
  with(changes: readonly FileChange[]): Registry {
    return loadRegistry(withChanges(this.tree, changes), this.#specs);
  }

  all(kind: ArtefactKind): Artefact[] {
    return this.artefacts.filter((artefact) => artefact.kind === kind);
  }

  /** All versions of a name, ascending. */
  versions(kind: ArtefactKind, name: string): readonly Artefact[] {
    return this.#byName.get(`${kind} ${name}`) ?? [];
  }

  /** The names of a kind, in order. */
  names(kind: ArtefactKind): string[] {
    return [...new Set(this.all(kind).map(({ name }) => name))];
  }

  /** One version; the newest, drafts included, where none is given. */
  find(kind: ArtefactKind, name: string, version?: string): Artefact | undefined {
    return version === undefined
      ? this.versions(kind, name).at(-1)
      : this.#byKey.get(keyOf({ kind, name, version: strictVersion(version) ?? version }));
  }

  /** What `name@version` in a document names. Takes any value, since it is asked about documents not yet sound. */
  resolve(kind: ArtefactKind, reference: unknown): Artefact | undefined {
    if (typeof reference !== 'string') return undefined;
    const { name, version } = splitReference(reference);
    return version === undefined ? undefined : this.find(kind, name, version);
  }

  /** The newest version within MAJOR.MINOR of this one. */
  newestInLine({ kind, name, version }: Identity): Artefact | undefined {
    return this.versions(kind, name).findLast((artefact) => lineOf(artefact.version) === lineOf(version));
  }

  /** The operations and templates whose documents name this artefact as one they cannot do without. */
  dependents(artefact: Identity): Artefact[] {
    if (artefact.kind === 'operation') return [];
    return this.#mentioning(artefact).filter((candidate) =>
      dependenciesOf(candidate).some(({ kind, reference }) => this.#isNamed(artefact, kind, reference)),
    );
  }

  /** The artefacts that say this one replaces them. */
  replaced(artefact: Identity): Artefact[] {
    return this.#mentioning(artefact).filter((candidate) => {
      const link = replacementOf(candidate);
      return link !== undefined && this.#isNamed(artefact, link.kind, link.reference);
    });
  }

  /** The text file of a template: undefined where it is missing, or where its name leads out of the folder. */
  textOf(template: Artefact): TextFile | undefined {
    const { text } = template.document;
    if (template.kind !== 'template' || typeof text !== 'string' || !isFileName(text)) return undefined;
    const path = `${FOLDERS.template}/${template.name}/${text}`;
    const bytes = this.tree.read(path);
    return bytes && { path, bytes };
  }

  #isNamed(artefact: Identity, kind: ArtefactKind, reference: unknown): boolean {
    if (kind !== artefact.kind || typeof reference !== 'string') return false;
    const { name, version } = splitReference(reference);
    return name === artefact.name && version !== undefined && strictVersion(version) === artefact.version;
  }

  /**
   * Those whose bytes may name it, so that the others are not parsed. Only a backslash (an escape, a line folded in
   * quotes) can hide a name.
   */
  #mentioning({ name }: Identity): Artefact[] {
    return this.artefacts.filter(({ path }) => {
      const bytes = this.tree.read(path);
      if (bytes === undefined) return false;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return text.includes(`${name}@`) || text.includes('\\');
    });
  }
}

/** Finds every artefact of a tree by its path. None is read before it is asked about. */
export function loadRegistry(tree: FileTree, specs: readonly ComponentSpec[]): Registry {
  const validate = documentValidator(specs);
  const artefacts = new Map<string, Artefact>();
  const misplaced: Finding[] = [];
  const scheduleFiles: ScheduleFile[] = [];
  for (const path of ARTEFACT_KINDS.flatMap((kind) => tree.list(FOLDERS[kind]))) {
    const identity = classify(path);
    if (identity === 'foreign') {
      const scheduled = scheduledOperation(path);
      if (scheduled !== undefined) scheduleFiles.push(new ScheduleFile(scheduled, path, tree));
      continue;
    }
    if ('misplaced' in identity) {
      misplaced.push(misplacedAt(path, identity.misplaced));
      continue;
    }
    const artefact = new ArtefactFile(identity, path, tree, validate);
    const twin = artefacts.get(keyOf(identity));
    // 2.0.yaml and 2.0.0.yaml are one version: the strictly written one is taken.
    const [kept, second] =
      path === pathOf(identity) ? [artefact, twin] : [twin ?? artefact, twin && artefact];
    artefacts.set(keyOf(identity), kept);
    if (second !== undefined)
      misplaced.push(
        misplacedAt(second.path, `${referenceTo(kept)} stands in ${kept.path}; delete one of the two`),
      );
  }
  return new Registry(tree, specs, [...artefacts.values()], misplaced, scheduleFiles);
}

function keyOf({ kind, name, version }: Identity): string {
  return `${kind} ${name}@${version}`;
}

function misplacedAt(file: string, message: string): Finding {
  return { rule: 'version/path', severity: 'error', file, line: 1, column: 1, message };
}

function groupBy(
  artefacts: readonly Artefact[],
  key: (artefact: Artefact) => string,
): Map<string, Artefact[]> {
  const groups = new Map<string, Artefact[]>();
  for (const artefact of artefacts) {
    const group = groups.get(key(artefact));
    if (group === undefined) groups.set(key(artefact), [artefact]);
    else group.push(artefact);
  }
  return groups;
}

interface DocumentOf {
  readonly operation: OperationDocument;
  readonly layer: LayerDocument;
  readonly template: TemplateDocument;
}

/** An artefact for work that needs it to be right (generate, run): throws `usage` when unknown, `configuration` when it has findings. */
export function expectArtefact<K extends ArtefactKind>(
  registry: Registry,
  kind: K,
  reference: string,
): { artefact: Artefact; document: DocumentOf[K] } {
  const { name, version } = splitReference(reference);
  const artefact = registry.find(kind, name, version);
  if (artefact === undefined) {
    const isKnown = registry.versions(kind, name).length > 0;
    const candidates = isKnown
      ? registry.versions(kind, name).map(referenceTo)
      : [...new Set(registry.all(kind).map((other) => other.name))];
    throw new RtnError('usage', `there is no ${kind} '${reference}'${suggestion(reference, candidates)}`, {
      next: 'rtn check',
    });
  }
  if (!artefact.isSound)
    throw new RtnError('configuration', `${artefact.path} has findings`, { next: 'rtn check' });
  return { artefact, document: artefact.document as unknown as DocumentOf[K] };
}

/** A plain name: no folder, no way up, nothing that another system would read as a path. */
export function isFileName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) && !text.includes('..');
}
