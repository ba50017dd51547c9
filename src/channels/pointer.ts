/** What a JSON pointer to something inside a document looks like. */
export const POINTER_PATTERN = '^(/[^/]*)+$';

/** Compiles a JSON pointer (RFC 6901; '' is the whole) to a look-up that gives undefined for whatever is not there. */
export function compilePointer(pointer: string): (document: unknown) => unknown {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (document) => {
    let value = document;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
}
