import type { ValidateFunction } from 'ajv';
import { readSource, unreadable } from './artefactFile.js';
import type { Finding, Position } from './finding.js';
import { isMap } from './jsonSchema.js';
import { SCHEDULES_SCHEMA } from './scheduleSchema.js';
import type { Source } from './source.js';
import type { FileTree } from './tree.js';
import { schemaFindings } from './validation.js';
import { sharedAjv } from './value.js';

/** The schedules of one operation, `operations/<name>/schedules.yaml`: no artefact, has no version. Read when first asked about. */
export class ScheduleFile {
  readonly operation: string;
  readonly path: string;
  readonly #tree: FileTree;
  #read: { source?: Source; findings: Finding[] } | undefined;
  #findings: readonly Finding[] | undefined;

  constructor(operation: string, path: string, tree: FileTree) {
    this.operation = operation;
    this.path = path;
    this.#tree = tree;
  }

  get source(): Source {
    this.#read ??= readSource(this.path, this.#tree);
    return this.#read.source ?? unreadable(this.path);
  }

  /** The schedules as written, by name; those that are no map are left out. */
  get entries(): readonly (readonly [name: string, entry: Readonly<Record<string, unknown>>])[] {
    const { value } = this.source;
    const schedules = isMap(value) && isMap(value.schedules) ? value.schedules : {};
    return Object.entries(schedules).flatMap(([name, entry]) =>
      isMap(entry) ? [[name, entry] as const] : [],
    );
  }

  /** The name of the entry in which a place of the file is; undefined where it is in none. */
  entryAt(place: Position): string | undefined {
    const { source } = this;
    const { value } = source;
    if (!isMap(value)) return undefined;
    const keys = [
      ...Object.keys(value).map((key) => ({ name: undefined, at: source.positionOfKey([key]) })),
      ...Object.keys(isMap(value.schedules) ? value.schedules : {}).map((name) => ({
        name,
        at: source.positionOfKey(['schedules', name]),
      })),
    ];
    return keys
      .filter(({ at }) => order(at, place) <= 0)
      .sort((a, b) => order(a.at, b.at))
      .at(-1)?.name;
  }

  /** What was found while reading it: the families `yaml` and `schema`. */
  get findings(): readonly Finding[] {
    const { source } = this;
    const read = this.#read?.findings ?? [];
    this.#findings ??= source.value === undefined ? read : [...read, ...judgedBySchema(source)];
    return this.#findings;
  }

  /** The entries that may be taken as the schema says: a mistake in one leaves the others alone. */
  get soundEntries(): readonly (readonly [name: string, entry: Readonly<Record<string, unknown>>])[] {
    const { value } = this.source;
    return this.entries.filter(
      ([name, entry]) => isMap(value) && validator()({ ...value, schedules: { [name]: entry } }),
    );
  }
}

/** The operation whose schedules a path holds; undefined for any other file. */
export function scheduledOperation(path: string): string | undefined {
  const [folder, name, file, ...deeper] = path.split('/');
  return folder === 'operations' && file === 'schedules.yaml' && deeper.length === 0 ? name : undefined;
}

function judgedBySchema(source: Source): Finding[] {
  const validate = validator();
  validate(source.value);
  return schemaFindings(source, validate.errors ?? []);
}

function order(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}

/** Compiled once: ajv remembers. */
function validator(): ValidateFunction {
  return sharedAjv().compile(SCHEDULES_SCHEMA);
}
