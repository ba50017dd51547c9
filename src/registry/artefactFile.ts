import type { Artefact, ArtefactKind, Identity } from './artefact.js';
import type { Status } from './document.js';
import type { Finding } from './finding.js';
import { isMap } from './jsonSchema.js';
import { parseSource, type Source } from './source.js';
import type { FileTree } from './tree.js';
import type { DocumentValidator } from './validation.js';

/** An artefact that is read when it is first asked about: a check of one change must not parse the whole registry. */
export class ArtefactFile implements Artefact {
  readonly kind: ArtefactKind;
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly #tree: FileTree;
  readonly #validate: DocumentValidator;
  #read: { source?: Source; findings: Finding[] } | undefined;
  #findings: readonly Finding[] | undefined;

  constructor({ kind, name, version }: Identity, path: string, tree: FileTree, validate: DocumentValidator) {
    this.kind = kind;
    this.name = name;
    this.version = version;
    this.path = path;
    this.#tree = tree;
    this.#validate = validate;
  }

  get source(): Source {
    return this.#reading.source ?? unreadable(this.path);
  }

  get document(): Readonly<Record<string, unknown>> {
    const { value } = this.source;
    return isMap(value) ? value : {};
  }

  get status(): Status {
    const { status } = this.document;
    return status === 'active' || status === 'deprecated' || status === 'withdrawn' ? status : 'draft';
  }

  get findings(): readonly Finding[] {
    const { source, findings } = this.#reading;
    this.#findings ??=
      source === undefined
        ? findings
        : [...findings, ...elsewhere(this.#validate(this.kind, source), findings)];
    return this.#findings;
  }

  get isSound(): boolean {
    return this.findings.length === 0;
  }

  get #reading() {
    this.#read ??= readSource(this.path, this.#tree);
    return this.#read;
  }
}

/** One place, one finding: what YAML may misread is told before what is wrong with the value. */
function elsewhere(findings: readonly Finding[], told: readonly Finding[]): Finding[] {
  const places = new Set(told.map(({ line, column }) => `${line}:${column}`));
  return findings.filter(({ line, column }) => !places.has(`${line}:${column}`));
}

/** Reads a document of a tree; one that cannot be read gives a finding. */
export function readSource(path: string, tree: FileTree): { source?: Source; findings: Finding[] } {
  const bytes = tree.read(path);
  if (bytes !== undefined) return parseSource(path, bytes);
  const message = 'the file cannot be read; a document is a regular file, no symbolic link';
  return {
    findings: [{ rule: 'yaml/encoding', severity: 'error', file: path, line: 1, column: 1, message }],
  };
}

/** Stands for a document that could not be read, so that rules which look at it find nothing more. */
export function unreadable(file: string): Source {
  const position = () => ({ line: 1, column: 1 });
  return {
    file,
    text: '',
    value: undefined,
    positionOf: position,
    positionOfKey: position,
    homeOf: (path) => path,
    rangeOf: () => undefined,
    pairRange: () => undefined,
  };
}
