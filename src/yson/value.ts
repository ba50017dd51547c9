/**
 * A YSON value. Kinds map one to one, so that writing and parsing again gives the same kinds:
 * int64 is a bigint, uint64 a {@link Uint64}, double a number, the entity `#` null, a list an array, a map a Map,
 * and anything with attributes in front of it an {@link Attributed}. Strings are bytes on the wire: one that is valid
 * UTF-8 is a string, any other a Buffer. Map keys have to be valid UTF-8.
 */
export type YsonValue =
  | null
  | boolean
  | number
  | bigint
  | Uint64
  | string
  | Uint8Array
  | YsonValue[]
  | YsonMap
  | Attributed;

export type YsonMap = Map<string, YsonValue>;

/** uint64, a type of its own: `7u` and `7` are different keys and different columns. */
export class Uint64 {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** `<attributes>value`. The value never is an Attributed itself. */
export class Attributed {
  readonly attributes: YsonMap;
  readonly value: YsonValue;

  constructor(attributes: YsonMap, value: YsonValue) {
    this.attributes = attributes;
    this.value = value;
  }
}

/** Deepest nesting that is read or written: the limit of real proxies. */
export const MAX_YSON_DEPTH = 256;

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
export const UINT64_MAX = 2n ** 64n - 1n;

/** The value without the attributes in front of it. */
export function bare(value: YsonValue): Exclude<YsonValue, Attributed> {
  return value instanceof Attributed
    ? (value.value as Exclude<YsonValue, Attributed>)
    : (value as Exclude<YsonValue, Attributed>);
}

const NO_ATTRIBUTES: ReadonlyMap<string, YsonValue> = new Map();

/** The attributes in front of a value; empty when there are none. */
export function attributesOf(value: YsonValue): ReadonlyMap<string, YsonValue> {
  return value instanceof Attributed ? value.attributes : NO_ATTRIBUTES;
}
