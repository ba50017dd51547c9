import type { ComponentSpec } from '../component.js';
import type { Artefact, ArtefactKind } from '../registry/artefact.js';
import type { Finding, Position, Severity } from '../registry/finding.js';
import type { Registry } from '../registry/registry.js';
import type { ScheduleFile } from '../registry/scheduleFile.js';
import type { Path } from '../registry/source.js';
import type { Base } from './change.js';

/** One thing that is judged. Rules do not know of each other, and each says all that it finds. */
export interface Rule {
  /** `family/name`; stable, since waivers and people's memory hold on to it. */
  readonly id: string;
  readonly severity: Severity;
  /** A paragraph for `rtn check --explain ID`: what is wrong, why it matters, what to do. */
  readonly doc: string;
  /** Whether rtn.yaml may not weaken it: without it the registry would not be what others rely on. */
  readonly isFirm?: boolean;
  check(judged: Judged): Iterable<Found>;
}

/** What rules look at. */
export interface Judged {
  readonly registry: Registry;
  readonly specs: readonly ComponentSpec[];
  /** What is judged in full: every artefact, or with a base those that the change touches. */
  readonly artefacts: readonly Artefact[];
  /** What depends on those and is not among them: judged only for what it names. Empty without a base. */
  readonly dependents: readonly Artefact[];
  /** The files of schedules that are judged in full. */
  readonly scheduleFiles: readonly ScheduleFile[];
  /** Those besides whose operation the change touches: judged only for what they start and give it. Empty without a base. */
  readonly touchedSchedules: readonly ScheduleFile[];
  readonly base: Base | undefined;
  /** `2026-11-23`. */
  readonly today: string;
  /** What is wrong with modules of the registry's own, by the text of their `use:`; undefined where none was imported. */
  readonly modules: ReadonlyMap<string, string> | undefined;
  /** What was found while reading: the families `yaml` and `schema`, and misplaced files. */
  readonly loading: readonly Finding[];
}

/** A finding before its rule's id and severity are put on it. */
export interface Found extends Position {
  readonly file: string;
  readonly message: string;
  readonly notes?: readonly string[];
  /** A command to paste that mends it. */
  readonly fix?: string;
  readonly length?: number;
  readonly isSecret?: true;
  /** Where it differs from the rule's own. */
  readonly severity?: Severity;
}

/** What a finding says beside its message. */
export type Extras = Partial<Pick<Found, 'notes' | 'fix' | 'severity'>>;

/** A document of the registry: an artefact, or a file of schedules. */
type Located = Pick<Artefact, 'path' | 'source'>;

/** A finding about the value at a path of a document. */
export function at({ path: file, source }: Located, path: Path, message: string, extras: Extras = {}): Found {
  return { file, ...source.positionOf(path), message, ...extras };
}

/** A finding about the key at the end of a path. */
export function atKey(
  { path: file, source }: Located,
  path: Path,
  message: string,
  extras: Extras = {},
): Found {
  return { file, ...source.positionOfKey(path), message, ...extras };
}

/** A rule whose findings are made while the files are read. */
export function foundInLoading(id: string, doc: string): Rule {
  return {
    id,
    severity: 'error',
    doc,
    isFirm: true,
    check: ({ loading }) => loading.filter((finding) => finding.rule === id),
  };
}

/** Those of one kind that are judged in full. */
export function judgedOf(kind: ArtefactKind, { artefacts }: Judged): Artefact[] {
  return artefacts.filter((artefact) => artefact.kind === kind);
}

/** `a`, `a and b`, `a, b and c`. */
export function listInWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
