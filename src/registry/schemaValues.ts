import type { JsonSchema } from '../component.js';

export const JSON_TYPES = ['null', 'boolean', 'number', 'string', 'array', 'object'] as const;

export type JsonType = (typeof JSON_TYPES)[number];

/** More values than this are taken as without number. */
const MAX_VALUES = 1_000;

/** The types that `type` admits; `integer` is a number with a step. */
export function typesOf({ type }: JsonSchema): readonly JsonType[] {
  if (type === undefined) return JSON_TYPES;
  const named = [type].flat();
  return JSON_TYPES.filter(
    (candidate) => named.includes(candidate) || (candidate === 'number' && named.includes('integer')),
  );
}

/** The interval that the keywords for numbers leave. */
interface NumberBounds {
  readonly min: number;
  readonly max: number;
  /** Whether the bound itself is out. */
  readonly isMinOut: boolean;
  readonly isMaxOut: boolean;
  /** The keyword that sets the bound. */
  readonly minKey: string;
  readonly maxKey: string;
}

/** The bounds of numbers, moved inwards to where the first and the last number lie if numbers have steps. */
export function numberRange(schema: JsonSchema): NumberBounds {
  const range = numberBounds(schema);
  const { min, max, isMinOut, isMaxOut } = range;
  const step = numberStep(schema);
  if (step === undefined) return range;
  const first = Math.ceil(min / step) * step;
  const last = Math.floor(max / step) * step;
  return {
    ...range,
    min: isMinOut && first === min ? first + step : first,
    max: isMaxOut && last === max ? last - step : last,
    isMinOut: false,
    isMaxOut: false,
  };
}

/**
 * Every value that a schema may accept (other keywords may refuse some yet), of one type or of all; undefined where they
 * are too many to count.
 */
export function fewValues(schema: JsonSchema, type?: JsonType): readonly unknown[] | undefined {
  if ('const' in schema) return ofType([schema.const], type);
  if (Array.isArray(schema.enum)) return ofType(schema.enum, type);
  if (type !== undefined) return typesOf(schema).includes(type) ? fewOfType(schema, type) : [];
  const all = typesOf(schema).map((each) => fewOfType(schema, each));
  return all.some((values) => values === undefined) ? undefined : all.flatMap((values) => values ?? []);
}

function fewOfType(schema: JsonSchema, type: JsonType): readonly unknown[] | undefined {
  switch (type) {
    case 'null':
      return [null];
    case 'boolean':
      return [true, false];
    case 'number':
      return fewNumbers(numberRange(schema), numberStep(schema));
    case 'string':
      return few(schema.minLength, schema.maxLength, '');
    case 'array':
      return few(schema.minItems, schema.maxItems, []);
    case 'object':
      return few(schema.minProperties, schema.maxProperties, {});
  }
}

function fewNumbers(
  { min, max, isMinOut, isMaxOut }: NumberBounds,
  step: number | undefined,
): readonly number[] | undefined {
  if (min > max || (min === max && (isMinOut || isMaxOut))) return [];
  if (min === max) return [min];
  const count = step === undefined ? Number.POSITIVE_INFINITY : Math.round((max - min) / step) + 1;
  if (step === undefined || !(count <= MAX_VALUES)) return undefined;
  return Array.from({ length: count }, (_, index) => min + index * step);
}

/** Texts, lists and maps can be counted where none or only the empty one fits. */
function few(least: unknown, most: unknown, empty: unknown): readonly unknown[] | undefined {
  if (Number(least ?? 0) > Number(most ?? Number.POSITIVE_INFINITY)) return [];
  return most === 0 ? [empty] : undefined;
}

/** The bounds of numbers as written. */
export function numberBounds(schema: JsonSchema): NumberBounds {
  const number = (keyword: string, otherwise: number) =>
    typeof schema[keyword] === 'number' ? schema[keyword] : otherwise;
  const [min, overMin] = [number('minimum', -Infinity), number('exclusiveMinimum', -Infinity)];
  const [max, underMax] = [number('maximum', Infinity), number('exclusiveMaximum', Infinity)];
  const isMinOut = overMin >= min && overMin > -Infinity;
  const isMaxOut = underMax <= max && underMax < Infinity;
  return {
    min: isMinOut ? overMin : min,
    max: isMaxOut ? underMax : max,
    isMinOut,
    isMaxOut,
    minKey: isMinOut ? 'exclusiveMinimum' : 'minimum',
    maxKey: isMaxOut ? 'exclusiveMaximum' : 'maximum',
  };
}

/** Numbers lie this far apart: by `multipleOf`, or 1 where only integers are admitted. */
export function numberStep({ type, multipleOf }: JsonSchema): number | undefined {
  const isInteger = [type].flat().includes('integer') && ![type].flat().includes('number');
  if (typeof multipleOf !== 'number' || !(multipleOf > 0)) return isInteger ? 1 : undefined;
  if (!isInteger || Number.isInteger(multipleOf)) return multipleOf;
  return Number.isInteger(1 / multipleOf) ? 1 : undefined;
}

function ofType(values: readonly unknown[], type: JsonType | undefined): readonly unknown[] {
  return type === undefined ? values : values.filter((value) => typeOf(value) === type);
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as JsonType;
}
