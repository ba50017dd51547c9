/** A JSON Schema (draft-07) as a plain value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON types a schema allows; none where it does not say. */
export function typesOf({ type }: JsonSchema): readonly string[] {
  if (Array.isArray(type)) return type;
  return typeof type === 'string' ? [type] : [];
}

export type ComponentKind = 'reader' | 'sender' | 'channel' | 'logger' | 'task';

/** One key of a component's YAML config. The checker, the generator, the JSON Schema and the docs all work from it. */
export interface ConfigField {
  /** What it does, with its unit. Editors show it. */
  readonly description: string;
  /** The value's own schema. A reference such as `${params.x}` is allowed beside it wherever the schema is a scalar. */
  readonly schema: JsonSchema;
  readonly isRequired?: boolean;
  /** May hold `${row.x}`: the generator emits a function of the row instead of a constant. */
  readonly perRow?: boolean;
  /** May differ between two starts of one run: it changes the speed, never what is sent. */
  readonly tuning?: boolean;
  /** Written as `30s` in YAML; the constructor gets a number of milliseconds under the same name with `Ms` behind. */
  readonly isDuration?: boolean;
  /** The value is itself a component of this kind: a map with `use`. */
  readonly component?: ComponentKind;
  /** How a reference inside a longer text is made safe: a URL takes it as one percent-encoded segment. */
  readonly encoding?: 'url';
  /**
   * Below a sender of batches it holds exactly one map `{each: …}`, which is made once for each row, and is itself made
   * once. The generator hands it over as a function of the list of items, and what `each` holds as the function `each`.
   */
  readonly each?: true;
  /** Only means something below a sender of batches. */
  readonly batchOnly?: true;
  /** JSON pointers to values inside it that name a column which every row of the input has. */
  readonly columns?: readonly string[];
  readonly outcomeTables?: readonly OutcomeTableMark[];
}

/** Where a field holds a table that lists statuses or codes by outcome class. JSON pointers into its value; '' is the value. */
export interface OutcomeTableMark {
  readonly at: string;
  /** The list of those after which nobody should send to a recipient again. */
  readonly suppress: string;
  /** Whether it lists HTTP statuses, hundreds (5xx) among them. */
  readonly hasStatuses?: true;
  /** The list of rules that come before it. */
  readonly rules?: string;
}

/** What an attempt can come to, as outcome tables write it. */
export const OUTCOME_CLASSES = [
  'sent',
  'rejected',
  'throttled',
  'retry',
  'in_doubt',
  'refresh',
  'terminal',
] as const;

export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];

/** An environment variable that a component reads when it opens; `--help` and scheduler manifests list them. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly description: string;
  readonly isSecret?: boolean;
  /** Only needed when a location with this scheme is used, for example `yt`. */
  readonly scheme?: string;
}

/** A YAML key of a component whose value names an input or output of the operation. */
export interface Bond {
  /** The key, and which of the two it names. */
  readonly to: 'input' | 'output';
  /** The schemes that its location may have: `yt`. Empty where it takes none, as a stream does; undefined for any. */
  readonly schemes?: readonly string[];
}

/**
 * What a component says of itself, in the file that implements it. `use: <key>` in YAML becomes a call of the
 * constructor that the public face exports under the name `construct`: the bound inputs and outputs first, then the
 * config as one object whose keys are camelCase.
 */
export interface ComponentSpec {
  readonly kind: ComponentKind;
  /** The word after `use:`. */
  readonly key: string;
  /** The constructor's name on the package's public face, for example `httpChannel`. */
  readonly construct: string;
  readonly description: string;
  /** What it is bound to, in the order of the constructor's first arguments. */
  readonly binds?: readonly Bond[];
  /** A sender that puts many messages into one request: what its channel may do with rows is another thing. */
  readonly isBatch?: true;
  /** Where it is no component of this package: the module that exports it, as a path from the registry's root. */
  readonly module?: string;
  readonly fields: Readonly<Record<string, ConfigField>>;
  readonly environment?: readonly EnvironmentVariable[];
}

/** snake_case of YAML as the camelCase of the constructor's options. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** What a duration looks like in YAML: a whole number and a unit. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]*)(ms|s|m|h)$';

/** `250ms`, `30s`, `5m`, `1h` as milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = new RegExp(DURATION_PATTERN).exec(text);
  const unitMs = DURATION_UNITS_MS[match?.[2] ?? ''];
  return match === null || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

/** A duration in milliseconds as YAML has it, in the greatest unit that needs no fraction. */
export function durationText(durationMs: number): string {
  const units = Object.entries(DURATION_UNITS_MS).sort(([, a], [, b]) => b - a);
  const [unit, unitMs] = units.find(([, unitMs]) => durationMs !== 0 && durationMs % unitMs === 0) ?? [
    's',
    1_000,
  ];
  return `${durationMs / unitMs}${unit}`;
}
