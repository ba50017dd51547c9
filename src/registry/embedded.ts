import { isMap, KEYWORDS, mapSchema } from './jsonSchema.js';
import { type Mistake, mistakesOf } from './mistake.js';
import type { Path } from './source.js';
import { suggestion } from './spelling.js';
import { isKnownFormat, valueErrors } from './value.js';

/**
 * What the meta-schema lets pass in the JSON Schemas of params and rows: a keyword that no validator knows, a `$ref`
 * or a format that leads nowhere, and a default that its own schema refuses.
 */
export function embeddedMistakes(operation: unknown): Mistake[] {
  return embeddedSchemas(operation).flatMap(({ schema, path }) => {
    const mistakes = keywordMistakes(schema, path);
    return mistakes.length > 0
      ? mistakes
      : [...compileMistakes(schema, path), ...defaultMistakes(schema, path)];
  });
}

/** The JSON Schemas that an operation holds, with the paths to them. */
function embeddedSchemas(operation: unknown): { schema: Readonly<Record<string, unknown>>; path: Path }[] {
  const { params, inputs } = isMap(operation) ? operation : {};
  const all = [
    ...Object.entries(isMap(params) ? params : {}).map(([name, schema]) => ({
      schema,
      path: ['params', name],
    })),
    ...Object.entries(isMap(inputs) ? inputs : {}).map(([name, input]) => ({
      schema: isMap(input) ? input.row : undefined,
      path: ['inputs', name, 'row'],
    })),
  ];
  return all.flatMap(({ schema, path }) => (isMap(schema) ? [{ schema, path }] : []));
}

function keywordMistakes(root: unknown, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  mapSchema(root, (schema, inner) => {
    for (const keyword of Object.keys(schema)) {
      if (KEYWORDS.includes(keyword) || keyword.startsWith('x-')) continue;
      const at = [...path, ...inner, keyword];
      mistakes.push({
        rule: 'schema/unknown-key',
        path: at,
        isAboutKey: true,
        message: `'${keyword}' is no keyword of JSON Schema draft-07 (in ${at.slice(0, -1).join('.')})${suggestionOf(keyword)}`,
      });
    }
    if (typeof schema.format === 'string' && !isKnownFormat(schema.format)) {
      const at = [...path, ...inner];
      mistakes.push({
        rule: 'schema/value',
        path: [...at, 'format'],
        isAboutKey: false,
        message: `${at.join('.')} cannot be used as a JSON Schema: unknown format "${schema.format}"`,
      });
    }
    return schema;
  });
  return mistakes;
}

function suggestionOf(keyword: string): string {
  const near = suggestion(keyword, KEYWORDS);
  return near.startsWith('; did') ? near : "; keywords of one's own begin with x-";
}

function compileMistakes(schema: Readonly<Record<string, unknown>>, path: Path): Mistake[] {
  const result = valueErrors(schema, undefined);
  // A schema that the meta-schema refuses has its findings already, with better words.
  if (!('invalid' in result) || result.invalid.startsWith('schema is invalid')) return [];
  return [
    {
      rule: 'schema/value',
      path: [...path, ...culprit(schema, result.invalid)],
      isAboutKey: true,
      message: `${path.join('.')} cannot be used as a JSON Schema: ${result.invalid}`,
    },
  ];
}

/** Where the `$ref` or the `pattern` stands that the reason names; the schema as a whole when it names none. */
function culprit(root: unknown, reason: string): Path {
  let found: Path = [];
  mapSchema(root, (schema, inner) => {
    if (typeof schema.$ref === 'string' && reason.includes(schema.$ref)) found = [...inner, '$ref'];
    const { pattern } = schema;
    if (typeof pattern === 'string' && reason.includes(`/${pattern}/`)) found = [...inner, 'pattern'];
    return schema;
  });
  return found;
}

function defaultMistakes(root: unknown, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  mapSchema(root, (schema, inner) => {
    const at = [...path, ...inner, 'default'];
    const errors = 'default' in schema ? valueErrors(schema, schema.default) : [];
    if ('invalid' in errors) return schema;
    for (const mistake of mistakesOf(errors)) {
      mistakes.push({
        ...mistake,
        path: [...at, ...mistake.path],
        message: `the default does not satisfy its own schema: ${mistake.message.replace(/^the document/, at.join('.'))}`,
      });
    }
    return schema;
  });
  return mistakes;
}
