import type { Status } from './document.js';
import type { Finding } from './finding.js';
import type { Source } from './source.js';
import { strictVersion } from './version.js';

export const ARTEFACT_KINDS = ['operation', 'layer', 'template'] as const;

export type ArtefactKind = (typeof ARTEFACT_KINDS)[number];

/** The folder of each kind. */
export const FOLDERS = {
  operation: 'operations',
  layer: 'layers',
  template: 'templates',
} as const satisfies Record<ArtefactKind, string>;

/** What an artefact's path says of it. */
export interface Identity {
  readonly kind: ArtefactKind;
  readonly name: string;
  readonly version: string;
}

/**
 * One version of an operation, layer or template. Its identity is that of its *path*; where the document says
 * otherwise, `version/path` reports it.
 */
export interface Artefact extends Identity {
  /** Where it stands; another than `pathOf` gives where the file has a legacy version such as `2.0`. */
  readonly path: string;
  /** `draft` where the document gives no status that exists. */
  readonly status: Status;
  /** The document's top-level map as plain data; empty where it is no map. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly source: Source;
  /** What was found while reading it: the families `yaml` and `schema`. */
  readonly findings: readonly Finding[];
  /** Whether there was nothing, so that the document may be taken as an OperationDocument and the like. */
  readonly isSound: boolean;
}

/** `driver_push@1.4.10`: how artefacts name each other. */
export function referenceTo({ name, version }: Identity): string {
  return `${name}@${version}`;
}

/** Where the registry keeps it. */
export function pathOf({ kind, name, version }: Identity): string {
  return `${FOLDERS[kind]}/${name}/${version}.yaml`;
}

/** What a path is to the registry: an artefact, nothing of its business, or a file that nobody would ever read. */
export function classify(path: string): Identity | 'foreign' | { readonly misplaced: string } {
  const [folder, name = '', file, ...deeper] = path.split('/');
  const kind = ARTEFACT_KINDS.find((candidate) => FOLDERS[candidate] === folder);
  if (kind === undefined || !/\.ya?ml$/.test(path)) return 'foreign';
  if (kind === 'template' && (name === 'schedulers' || name === 'pages')) return 'foreign';
  const expected = `${folder}/<name>/<version>.yaml`;
  if (file === undefined || deeper.length > 0)
    return { misplaced: `no ${kind} is read from here; expected ${expected}` };
  if ((kind === 'operation' && file === 'schedules.yaml') || file.endsWith('.test.yaml')) return 'foreign';
  if (file.endsWith('.yml'))
    return { misplaced: `files that end in .yml are not read; name it ${path.slice(0, -4)}.yaml` };
  const version = strictVersion(file.slice(0, -'.yaml'.length));
  if (version === undefined)
    return {
      misplaced: `'${file.slice(0, -'.yaml'.length)}' is no version such as 1.4.10; expected ${expected}`,
    };
  return { kind, name, version };
}
