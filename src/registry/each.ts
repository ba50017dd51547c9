import { isMap } from './jsonSchema.js';
import type { Path } from './source.js';

/** `{each: …}`: stands in the body of a batch for the list of what it makes of each row. */
export function isEach(value: unknown): value is { readonly each: unknown } {
  return isMap(value) && Object.hasOwn(value, 'each') && Object.keys(value).length === 1;
}

/** The paths of all of them in a value, those within others among them. */
export function eachPathsIn(value: unknown, path: Path): Path[] {
  const own = isEach(value) ? [path] : [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : isMap(value)
      ? Object.entries(value)
      : [];
  return [...own, ...entries.flatMap(([key, item]) => eachPathsIn(item, [...path, key]))];
}
