import { isMap } from './jsonSchema.js';

/** What `select` may hold: the param that chooses. */
export const SELECT_PATTERN = '^\\$\\{params\\.[A-Za-z_][A-Za-z0-9_]*\\}$';

/** A choice between components, made once for a run: `{select: "${params.x}", a: {use: …}, b: {use: …}}`. */
export interface Choices {
  /** As written: one reference to a param, where it is right. */
  readonly by: unknown;
  /** The components by the value of the param that chooses them. */
  readonly choices: Readonly<Record<string, unknown>>;
}

/** The choices that stand where a component could; undefined where a component does. */
export function choicesOf(value: unknown): Choices | undefined {
  if (!isMap(value) || !Object.hasOwn(value, 'select') || Object.hasOwn(value, 'use')) return undefined;
  const { select: by, ...choices } = value;
  return { by, choices };
}
