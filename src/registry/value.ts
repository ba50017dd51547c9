import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { JsonSchema } from '../component.js';
import { mapSchema } from './jsonSchema.js';

let shared: Ajv | undefined;

/** What compiling gave, by the text of the schema: the versions of an operation mostly repeat their schemas. */
const compiled = new Map<string, ValidateFunction | { readonly invalid: string }>();

/** Checks a value by a schema that a user wrote; gives ajv's errors, or the reason why the schema itself is no use. */
export function valueErrors(
  schema: JsonSchema,
  value: unknown,
): ErrorObject[] | { readonly invalid: string } {
  const key = JSON.stringify(mapSchema(schema, withoutTexts));
  const validate = compiled.get(key) ?? compile(schema, key);
  compiled.set(key, validate);
  if (typeof validate !== 'function') return validate;
  validate(value);
  return validate.errors ?? [];
}

/** Whether a `format` keyword of this name is checked by anybody. */
export function isKnownFormat(name: string): boolean {
  return Object.hasOwn(sharedAjv().formats, name);
}

/** The one ajv of this process: compiling the meta-schema costs more than judging all documents together. */
export function sharedAjv(): Ajv {
  shared ??= newAjv();
  return shared;
}

/** All errors, with the values and schemas that the messages are made from; code that runs a few times is not optimised. */
function newAjv(): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    logger: false,
    code: { optimize: false },
  });
  addFormats.default(ajv);
  return ajv;
}

function compile(schema: JsonSchema, text: string): ValidateFunction | { readonly invalid: string } {
  try {
    // An ajv keeps what has an $id under that name: two schemas may carry one, or take that of the meta-schema.
    return (text.includes('"$id"') ? newAjv() : sharedAjv()).compile(schema);
  } catch (thrown) {
    return { invalid: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Texts and the default change nothing about what is valid. */
function withoutTexts(schema: JsonSchema): JsonSchema {
  const { title: _title, description: _description, default: _default, ...rest } = schema;
  return rest;
}
