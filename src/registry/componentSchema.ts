import {
  type ComponentKind,
  type ComponentSpec,
  type ConfigField,
  DURATION_PATTERN,
  type JsonSchema,
} from '../component.js';
import { isMap } from './jsonSchema.js';
import { SOLE_REFERENCE_PATTERN } from './reference.js';
import { SELECT_PATTERN } from './select.js';

const COMPONENT_KINDS: readonly ComponentKind[] = ['reader', 'sender', 'channel', 'logger', 'task'];

const ANY_REFERENCE = { type: 'string', pattern: '\\$\\{' };

/**
 * One definition per kind of component, made from the specs. The branch is chosen by `use`, so that an editor and the
 * checker speak only of the component that was meant.
 */
export function componentDefinitions(specs: readonly ComponentSpec[]): Record<string, JsonSchema> {
  return Object.fromEntries(
    COMPONENT_KINDS.map((kind) => [
      kind,
      kindSchema(
        kind,
        specs.filter((spec) => spec.kind === kind),
      ),
    ]),
  );
}

/** The schema that a field's value must satisfy, references and durations included. */
function fieldSchema(field: ConfigField): JsonSchema {
  const { description } = field;
  if (field.component !== undefined)
    return { description, allOf: [{ $ref: `#/definitions/${field.component}` }] };
  if (field.isDuration === true)
    return { description, ...orReference({ type: 'string', pattern: DURATION_PATTERN, examples: ['30s'] }) };
  return { description, ...withReferences(field.schema) };
}

/** A component, or a choice between some by a param. */
function kindSchema(kind: ComponentKind, specs: readonly ComponentSpec[]): JsonSchema {
  return {
    type: 'object',
    if: { type: 'object', required: ['select'], not: { required: ['use'] } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      description: `A choice between ${kind}s by a param, made once for a run: each other key is a value of the param.`,
      minProperties: 2,
      properties: {
        select: {
          type: 'string',
          pattern: SELECT_PATTERN,
          description: 'The param that chooses; its enum lists the other keys.',
          examples: ['${params.provider}'],
        },
      },
      additionalProperties: { $ref: `#/definitions/${kind}` },
    },
    else: oneOfKind(kind, specs),
  };
}

function oneOfKind(kind: ComponentKind, specs: readonly ComponentSpec[]): JsonSchema {
  return {
    required: ['use'],
    properties: {
      use: {
        type: 'string',
        // Open, since a draft may name what is still to be written; component/unknown judges it.
        ...(specs.length > 0 && { anyOf: [{ enum: specs.map((spec) => spec.key) }, { type: 'string' }] }),
        description: `Which ${kind}: ${specs.map((spec) => `${spec.key} (${spec.description})`).join('; ')}`,
      },
    },
    ...(specs.length > 0 && { allOf: specs.map(branchFor) }),
  };
}

function branchFor(spec: ComponentSpec): JsonSchema {
  return {
    if: { type: 'object', required: ['use'], properties: { use: { const: spec.key } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: branchSchema(spec),
  };
}

function branchSchema(spec: ComponentSpec): JsonSchema {
  const bound = (spec.binds ?? []).map(({ to }) => [
    to,
    { type: 'string', description: `Name of the ${to} of this operation.` },
  ]);
  const fields = Object.entries(spec.fields).map(([key, field]) => [key, fieldSchema(field)]);
  const required = Object.keys(spec.fields).filter((key) => spec.fields[key]?.isRequired);
  return {
    description: spec.description,
    additionalProperties: false,
    required: [...bound.map(([key]) => key), ...required],
    properties: { use: true, ...Object.fromEntries([...bound, ...fields]) },
  };
}

/** Allows a reference at every scalar inside a field's schema. Alternatives (`anyOf`, `oneOf`) stay as their author wrote them. */
function withReferences(schema: JsonSchema): JsonSchema {
  if (isScalarSchema(schema)) return orReference(schema);
  const inner = (value: unknown) => (isMap(value) ? withReferences(value) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (keyword === 'properties' && isMap(value))
        return [keyword, Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]))];
      return [keyword, keyword === 'items' || keyword === 'additionalProperties' ? inner(value) : value];
    }),
  );
}

/** `if` it holds a reference, `then` it must be one, `else` the schema: so that one mistake gives one error. */
function orReference(schema: JsonSchema): JsonSchema {
  const { description, type, ...rest } = schema;
  const isFree =
    type === 'string' &&
    Object.keys(rest).every((keyword) => keyword === 'examples' || keyword === 'default');
  if (isFree) return schema;
  const isText = type === 'string' && rest.enum === undefined && rest.const === undefined;
  const then = isText ? true : { pattern: SOLE_REFERENCE_PATTERN, examples: ['${params.x}'] };
  const value = type === undefined ? rest : { type, ...rest };
  return {
    ...(description !== undefined && { description }),
    if: ANY_REFERENCE,
    then,
    else: value,
  };
}

function isScalarSchema({ type, enum: values }: JsonSchema): boolean {
  const types = type === undefined && Array.isArray(values) ? ['string'] : [type].flat();
  return types.every((name) => ['string', 'number', 'integer', 'boolean'].includes(String(name)));
}
