import { isMap } from './jsonSchema.js';

/** The keys that a JSON pointer without escapes goes through. */
export function stepsOf(pointer: string): string[] {
  return pointer.split('/').slice(1);
}

/** What such a pointer leads to; undefined where there is nothing. */
export function valueAt(value: unknown, pointer: string): unknown {
  return stepsOf(pointer).reduce<unknown>(
    (at, key) => (isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined),
    value,
  );
}
