import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import {
  ARTEFACT_KINDS,
  type Artefact,
  type ArtefactKind,
  classify,
  FOLDERS,
  type Identity,
  referenceTo,
} from './artefact.js';
import type { LayerDocument, OperationDocument, Status, TemplateDocument } from './document.js';
import { compareText, type Finding } from './finding.js';
import { isMap } from './jsonSchema.js';
import { parseSource } from './source.js';
import { suggestion } from './spelling.js';
import { type FileChange, type FileTree, withChanges } from './tree.js';
import { documentValidator } from './validation.js';
import { byVersion, lineOf, splitReference } from './version.js';

/** Everything that a tree holds, by kind, name and version. Immutable: after a change, load again. */
export class Registry {
  readonly tree: FileTree;
  /** By kind, then name, then version, ascending. */
  readonly artefacts: readonly Artefact[];
  readonly #byKey: ReadonlyMap<string, Artefact>;

  constructor(tree: FileTree, artefacts: readonly Artefact[]) {
    const order = (kind: ArtefactKind) => ARTEFACT_KINDS.indexOf(kind);
    this.tree = tree;
    this.artefacts = [...artefacts].sort(
      (a, b) =>
        order(a.kind) - order(b.kind) || compareText(a.name, b.name) || byVersion(a.version, b.version),
    );
    this.#byKey = new Map(
      artefacts.map((artefact) => [`${artefact.kind} ${referenceTo(artefact)}`, artefact]),
    );
  }

  all(kind: ArtefactKind): Artefact[] {
    return this.artefacts.filter((artefact) => artefact.kind === kind);
  }

  /** All versions of a name, ascending. */
  versions(kind: ArtefactKind, name: string): Artefact[] {
    return this.artefacts.filter((artefact) => artefact.kind === kind && artefact.name === name);
  }

  /** One version; the newest, drafts included, where none is given. */
  find(kind: ArtefactKind, name: string, version?: string): Artefact | undefined {
    return version === undefined
      ? this.versions(kind, name).at(-1)
      : this.#byKey.get(`${kind} ${name}@${version}`);
  }

  /** What `name@version` in a document names. Takes any value, since it is asked about documents not yet sound. */
  resolve(kind: ArtefactKind, reference: unknown): Artefact | undefined {
    return typeof reference === 'string' ? this.#byKey.get(`${kind} ${reference}`) : undefined;
  }

  /** The newest version within MAJOR.MINOR of this one. */
  newestInLine({ kind, name, version }: Identity): Artefact | undefined {
    return this.versions(kind, name).findLast((artefact) => lineOf(artefact.version) === lineOf(version));
  }

  /** The operations, templates or layers whose documents name this artefact. */
  dependents(artefact: Artefact): Artefact[] {
    return this.artefacts.filter((candidate) =>
      dependenciesOf(candidate).some(({ kind, reference }) => this.resolve(kind, reference) === artefact),
    );
  }

  /** The text file of a template: undefined where it is missing, or where its name leads out of the folder. */
  textOf(template: Artefact): { readonly path: string; readonly bytes: Uint8Array } | undefined {
    const { text } = template.document;
    if (template.kind !== 'template' || typeof text !== 'string' || !isFileName(text)) return undefined;
    const path = `${FOLDERS.template}/${template.name}/${text}`;
    const bytes = this.tree.read(path);
    return bytes && { path, bytes };
  }
}

/** Reads every artefact of a tree. Findings are those of YAML and of the schemas; the other families are in rules/. */
export function loadRegistry(
  tree: FileTree,
  specs: readonly ComponentSpec[],
): { registry: Registry; findings: Finding[] } {
  const artefacts: Artefact[] = [];
  const findings: Finding[] = [];
  const validate = documentValidator(specs);
  for (const path of tree.paths()) {
    const identity = classify(path);
    if (identity === 'foreign') continue;
    if ('misplaced' in identity) {
      findings.push({
        rule: 'version/path',
        severity: 'error',
        file: path,
        line: 1,
        column: 1,
        message: identity.misplaced,
      });
      continue;
    }
    const { artefact, findings: faults } = readArtefact(tree, path, identity);
    findings.push(...faults);
    if (artefact === undefined) continue;
    const mistakes = validate(identity.kind, artefact.source);
    findings.push(...mistakes);
    artefacts.push({ ...artefact, isSound: mistakes.length === 0 });
  }
  return { registry: new Registry(tree, artefacts), findings };
}

/** The registry as it would be with some files changed: only these are read anew, and not judged. */
export function withFiles(registry: Registry, changes: readonly FileChange[]): Registry {
  const tree = withChanges(registry.tree, changes);
  const paths = new Set(changes.map(({ path }) => path));
  const reread = [...paths].flatMap((path) => {
    const identity = classify(path);
    const { artefact } =
      typeof identity === 'object' && 'kind' in identity ? readArtefact(tree, path, identity) : {};
    return artefact ? [artefact] : [];
  });
  return new Registry(tree, [...registry.artefacts.filter(({ path }) => !paths.has(path)), ...reread]);
}

function readArtefact(
  tree: FileTree,
  path: string,
  identity: Identity,
): { artefact?: Artefact; findings: Finding[] } {
  const { source, findings } = parseSource(path, tree.read(path) ?? new Uint8Array());
  if (source === undefined) return { findings };
  const document = isMap(source.value) ? source.value : {};
  return {
    artefact: { ...identity, path, document, source, status: statusOf(document), isSound: false },
    findings,
  };
}

/** What an artefact's document names, with the path to where it stands. */
export function dependenciesOf({
  kind,
  document,
}: Artefact): { kind: ArtefactKind; reference: unknown; path: (string | number)[] }[] {
  if (kind !== 'operation') return [];
  const runners = isMap(document.runners) ? Object.entries(document.runners) : [];
  const templates = runners.map(([name, runner]) => ({
    kind: 'template' as const,
    reference: isMap(runner) ? runner.template : undefined,
    path: ['runners', name, 'template'],
  }));
  return [{ kind: 'layer', reference: document.layer, path: ['layer'] }, ...templates];
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

function statusOf({ status }: Readonly<Record<string, unknown>>): Status {
  return status === 'active' || status === 'deprecated' || status === 'withdrawn' ? status : 'draft';
}
