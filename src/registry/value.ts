import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { JsonSchema } from '../component.js';

let shared: Ajv | undefined;

/** Checks a value by a schema that a user wrote; gives ajv's errors, or the reason why the schema itself is no use. */
export function valueErrors(
  schema: JsonSchema,
  value: unknown,
): ErrorObject[] | { readonly invalid: string } {
  // Compiling the meta-schema is what costs, so one instance serves all; what it compiled is forgotten again, since
  // two schemas of users may carry one $id.
  shared ??= newAjv();
  try {
    const validate = shared.compile(schema);
    validate(value);
    return validate.errors ?? [];
  } catch (thrown) {
    return { invalid: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    shared.removeSchema(schema);
  }
}

/** Whether a `format` keyword of this name is checked by anybody. */
export function isKnownFormat(name: string): boolean {
  shared ??= newAjv();
  return Object.hasOwn(shared.formats, name);
}

/** The one way in which ajv is set up: all errors, with the values and schemas that the messages are made from. */
export function newAjv(): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, logger: false });
  addFormats.default(ajv);
  return ajv;
}
