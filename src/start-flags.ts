import { type JsonSchema, typesOf } from './component.js';
import { flagName } from './runner-flags.js';

/** What a schedule gives to the runner that it starts. */
interface ScheduledStart {
  /** Name of the schedule. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
}

interface StartOptions {
  /** What `--slot` gets. */
  readonly slot: string;
  /** How late after its slot the runner may begin; undefined where its starter sees to that. */
  readonly startDeadlineMs?: number | undefined;
  /** The schemas of the operation's params. */
  readonly schemas: Readonly<Record<string, JsonSchema>> | undefined;
}

/**
 * The flags that whatever starts a schedule gives to its runner: the run's id is `<schedule>@<slot>` then, and locations
 * and params arrive as the schedule has them. Each is one word with its value behind `=`, so that a value that begins with
 * a dash is no flag.
 */
export function startFlags(
  { name, inputs, outputs, params }: ScheduledStart,
  { slot, startDeadlineMs, schemas = {} }: StartOptions,
): string[] {
  const texts = Object.entries(params).map(([param, value]) => [param, paramText(value, schemas[param])]);
  return [
    `--schedule=${name}`,
    `--slot=${slot}`,
    ...(startDeadlineMs === undefined ? [] : [`--start-deadline=${durationText(startDeadlineMs)}`]),
    ...[...Object.entries({ ...inputs, ...outputs }), ...texts].map(
      ([key = '', text]) => `--${flagName(key)}=${text}`,
    ),
  ];
}

/**
 * A param's value as the text that runners read it from (runtime/params.ts): JSON, or a text as it is, unless it would be
 * taken for JSON.
 */
export function paramText(value: unknown, schema: JsonSchema = {}): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const types = typesOf(schema);
  const isTextOnly = types.length > 0 && types.every((type) => type === 'string');
  return isTextOnly || !isJson(value) ? value : JSON.stringify(value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A duration as runners read it: whole seconds where it has no fraction. */
function durationText(durationMs: number): string {
  return durationMs % 1_000 === 0 ? `${durationMs / 1_000}s` : `${durationMs}ms`;
}
