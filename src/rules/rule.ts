import type { ComponentSpec } from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import type { Finding, Position, Severity } from '../registry/finding.js';
import type { Registry } from '../registry/registry.js';
import type { Path } from '../registry/source.js';

/** One thing that is judged. Rules do not know of each other, and each says all that it finds. */
export interface Rule {
  /** `family/name`; stable, since waivers and people's memory hold on to it. */
  readonly id: string;
  readonly severity: Severity;
  /** A paragraph for `rtn check --explain ID`: what is wrong, why it matters, what to do. */
  readonly doc: string;
  check(judged: Judged): Iterable<Found>;
}

/** What rules look at. */
export interface Judged {
  readonly registry: Registry;
  readonly specs: readonly ComponentSpec[];
  /** What was found while reading: the families `yaml` and `schema`, and misplaced files. */
  readonly loading: readonly Finding[];
}

/** A finding before its rule's id and severity are put on it. */
export interface Found extends Position {
  readonly file: string;
  readonly message: string;
  /** A command to paste that mends it. */
  readonly fix?: string;
}

/** A finding about the value at a path of an artefact's document. */
export function at({ path: file, source }: Artefact, path: Path, message: string, fix?: string): Found {
  return { file, ...source.positionOf(path), message, ...(fix !== undefined && { fix }) };
}

/** A finding about the key at the end of a path. */
export function atKey({ path: file, source }: Artefact, path: Path, message: string, fix?: string): Found {
  return { file, ...source.positionOfKey(path), message, ...(fix !== undefined && { fix }) };
}

/** A rule whose findings are made while the files are read. */
export function foundInLoading(id: string, doc: string): Rule {
  return {
    id,
    severity: 'error',
    doc,
    check: ({ loading }) => loading.filter((finding) => finding.rule === id),
  };
}
