import type { JsonSchema } from '../component.js';
import { DURATION_PATTERN } from '../component.js';
import type { Reference } from '../registry/reference.js';
import { valueErrors } from '../registry/value.js';
import type { TextUse } from './use.js';

/** Says why what a reference names cannot stand where the reference stands; undefined where it can, or nothing is known. */
export function fits(
  use: TextUse,
  reference: Reference,
  declared: JsonSchema | undefined,
): string | undefined {
  const given = typesOf(declared);
  if (declared === undefined || use.field === undefined) return undefined;
  if (use.template.parts.length > 1) {
    const structured = given.filter((type) => type === 'object' || type === 'array');
    return structured.length > 0
      ? `\${${reference.text}} is ${structured.join(' or ')}, which cannot stand within a text`
      : undefined;
  }
  const wanted: JsonSchema | undefined =
    use.field.isDuration === true ? { type: 'string', pattern: DURATION_PATTERN } : use.schema;
  if (wanted === undefined) return undefined;
  const allowed = typesOf(wanted);
  // The generator writes a row's numbers into texts; a param is a constant whose author can give it the right type.
  const isTextOfRow = reference.root === 'row' && allowed.includes('string');
  const isAllowed = (type: string) =>
    allowed.includes(type) ||
    (type === 'integer' && allowed.includes('number')) ||
    (isTextOfRow && type !== 'object' && type !== 'array');
  const wrong = allowed.length === 0 ? [] : given.filter((type) => !isAllowed(type));
  if (wrong.length > 0)
    return `\${${reference.text}} is ${wrong.join(' or ')}, but ${use.path.at(-1)} takes ${allowed.join(' or ')}`;
  return reference.root === 'params' ? refusedValue(use, reference, declared, wanted) : undefined;
}

/** A default or a listed value that the key's own schema refuses: found now, not when somebody starts with it. */
function refusedValue(
  use: TextUse,
  reference: Reference,
  declared: JsonSchema,
  wanted: JsonSchema,
): string | undefined {
  const values = [
    ...('default' in declared ? [declared.default] : []),
    ...(Array.isArray(declared.enum) ? declared.enum : []),
  ];
  for (const value of values) {
    const errors = valueErrors(wanted, value);
    const [first] = 'invalid' in errors ? [] : errors;
    if (first !== undefined)
      return `\${${reference.text}} may be ${JSON.stringify(value)}, but ${use.path.at(-1)} ${first.message}`;
  }
  return undefined;
}

function typesOf(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return [];
  if (schema.type !== undefined) return [schema.type].flat().map(String);
  const values = Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : [];
  return [
    ...new Set(
      values.map((value) =>
        Array.isArray(value)
          ? 'array'
          : value === null
            ? 'null'
            : Number.isInteger(value)
              ? 'integer'
              : typeof value,
      ),
    ),
  ];
}
