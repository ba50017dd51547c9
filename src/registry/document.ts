import type { JsonSchema } from '../component.js';

export type Status = 'draft' | 'active' | 'deprecated' | 'withdrawn';

/** What every artefact says of itself, whatever its kind. */
interface ArtefactDocument {
  readonly name: string;
  readonly version: string;
  readonly status: Status;
  readonly title: string;
  readonly description?: string;
  readonly owner?: string;
  readonly links?: Readonly<Record<string, string>>;
  /** `name@version` of what to use instead. */
  readonly replaced_by?: string;
  /** Why it is deprecated or withdrawn. */
  readonly reason?: string;
  /** `2026-11-23`: the day after which a deprecated version should be gone. */
  readonly remove_after?: string;
}

/** An operation whose document has passed its schema. */
export interface OperationDocument extends ArtefactDocument {
  readonly schema: 'operation/v1';
  /** `name@version`. */
  readonly layer: string;
  readonly inputs: Readonly<Record<string, InputDocument>>;
  readonly outputs: Readonly<Record<string, OutputDocument>>;
  readonly params?: Readonly<Record<string, JsonSchema>>;
  readonly secrets?: Readonly<Record<string, { readonly description?: string }>>;
  readonly policy?: PolicyDocument;
  readonly runners: Readonly<Record<string, RunnerDocument>>;
  readonly published?: { readonly form: number; readonly at: string } & Readonly<
    Record<OperationPart, string>
  >;
}

/** An input of rows; those of other types (table, file, send-log) have neither key nor row. */
interface InputDocument {
  readonly type?: (typeof INPUT_TYPES)[number];
  readonly description?: string;
  /** The row's field that identifies a message. */
  readonly key: string;
  readonly recipient?: string;
  readonly row: JsonSchema;
  readonly default?: string;
}

interface OutputDocument {
  readonly type: (typeof OUTPUT_TYPES)[number];
  readonly description?: string;
  readonly default?: string;
}

/** The drain timeout of an operation whose policy names none. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;

interface PolicyDocument {
  /** A duration, as written. */
  readonly drain_timeout?: string;
  readonly max_failed_ratio?: number;
  readonly max_rejected_ratio?: number;
}

interface RunnerDocument {
  /** `name@version`. */
  readonly template: string;
  readonly reader?: ComponentDocument;
  readonly sender?: ComponentDocument;
  readonly logger?: ComponentDocument;
  readonly task?: ComponentDocument;
  /** A script of one's own: a file below the operation's folder. */
  readonly run?: string;
  /** Where the script comes from: `URL@commit`. */
  readonly source?: string;
}

/** A component as configured: `use` and the keys of its spec, references not yet resolved. */
type ComponentDocument = { readonly use: string } & Readonly<Record<string, unknown>>;

/** A layer whose document has passed its schema. */
export interface LayerDocument extends ArtefactDocument {
  readonly schema: 'layer/v1';
  /** A range of Node.js versions. */
  readonly node: string;
  /** Exact versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** Globs of the files that its code is made of. */
  readonly sources?: readonly string[];
  /** The file that pins what the sources depend on. */
  readonly lockfile?: string;
  readonly published?: ContentRecord & {
    readonly sources?: string;
    readonly lockfile?: string;
    readonly commit?: string;
  };
}

export const INPUT_TYPES = ['rows', 'table', 'file', 'send-log'] as const;

export const OUTPUT_TYPES = ['send-log', 'table', 'file'] as const;

/** The slots of a runner that hold a component; `run` holds the name of a script. */
export const COMPONENT_STAGES = ['reader', 'sender', 'logger', 'task'] as const;

export const STAGES = [...COMPONENT_STAGES, 'run'] as const;

type Stage = (typeof STAGES)[number];

/** A template whose document has passed its schema. */
export interface TemplateDocument extends ArtefactDocument {
  readonly schema: 'template/v1';
  /** The slots that its runner must fill. */
  readonly stages: readonly Stage[];
  /** The Handlebars file beside it. */
  readonly text: string;
  /** Templates that its text includes, `name@version` by the name that the text uses. */
  readonly partials?: Readonly<Record<string, string>>;
  readonly published?: ContentRecord;
}

interface ContentRecord {
  readonly form: number;
  readonly at: string;
  readonly content: string;
}

/** The parts of an operation that have a digest each, so that a finding says what was changed. */
export const OPERATION_PARTS = ['interface', 'params', 'wrapper', 'layer'] as const;

type OperationPart = (typeof OPERATION_PARTS)[number];
