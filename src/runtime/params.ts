import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { ErrorObject } from 'ajv';
import { type JsonSchema, typesOf } from '../component.js';
import { foreignCode, oneLine } from '../error.js';
import { suggestion } from '../registry/spelling.js';
import { valueErrors } from '../registry/value.js';
import { flagName } from '../runner-flags.js';
import { expectation } from './expectation.js';

type Schemas = Readonly<Record<string, JsonSchema>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Where the values of params may come from; an earlier one wins over a later: flag, environment, file, default. */
export interface ParamSources {
  /** Texts by param name. */
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Environment;
  /** Path given by `--params`. */
  readonly file: string | undefined;
}

export interface Params {
  readonly values: Readonly<Record<string, unknown>>;
  readonly mistakes: readonly string[];
}

/** One value and where it came from, for messages. */
interface Candidate {
  readonly value: unknown;
  readonly from: string;
}

/** The environment variable that sets a param. An empty one sets nothing. */
function paramVariable(name: string): string {
  return `RTN_PARAM_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Collects a value for every param and judges those given by its schema; all mistakes come together. */
export function resolveParams(schemas: Schemas, sources: ParamSources): Params {
  const file =
    sources.file === undefined ? { values: {}, mistakes: [] } : readParamsFile(sources.file, schemas);
  const mistakes = [...file.mistakes];
  const values: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const given = candidate(name, schema, sources, file.values);
    if (given === undefined && schema.default === undefined) {
      mistakes.push(
        `param ${name} is missing: give --${flagName(name)}, ${paramVariable(name)} or a line in --params FILE; expected ${expectation(schema)}`,
      );
    } else if (given === undefined) {
      values.push([name, schema.default]);
    } else {
      const problem = problemOf(given.value, schema);
      if (problem !== undefined) mistakes.push(`param ${name} (from ${given.from}): ${problem}`);
      values.push([name, given.value]);
    }
  }
  return { values: Object.fromEntries(values), mistakes };
}

function candidate(
  name: string,
  schema: JsonSchema,
  { flags, environment, file }: ParamSources,
  fileValues: Readonly<Record<string, unknown>>,
): Candidate | undefined {
  const flag = flags.get(name);
  if (flag !== undefined) return { value: typed(flag, schema), from: `--${flagName(name)}` };
  const variable = environment[paramVariable(name)];
  if (variable !== undefined && variable !== '')
    return { value: typed(variable, schema), from: paramVariable(name) };
  return Object.hasOwn(fileValues, name) ? { value: fileValues[name], from: String(file) } : undefined;
}

/** A text as the type its schema asks for; without one, as the JSON that it may be. What does not read as that stays a text. */
function typed(text: string, schema: JsonSchema): unknown {
  const types = typesOf(schema);
  if (types.length > 0 && types.every((type) => type === 'string')) return text;
  try {
    const value: unknown = JSON.parse(text);
    const isAsked =
      types.length === 0
        ? problemOf(value, schema) === undefined
        : types.some((type) => isOfType(value, type));
    return isAsked ? value : text;
  } catch {
    return text;
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === (type === 'integer' ? 'number' : type);
}

/** Why a value does not fit its schema, or undefined.  */
function problemOf(value: unknown, schema: JsonSchema): string | undefined {
  const errors = valueErrors(schema, value);
  if ('invalid' in errors) return `its schema cannot be used: ${errors.invalid}`;
  if (errors.length === 0) return undefined;
  const got = typeof value === 'string' ? `'${oneLine(value, 80)}'` : oneLine(JSON.stringify(value), 80);
  return `got ${got}, expected ${expectation(schema)}${insideOf(errors)}`;
}

/** What is wrong within a list or an object, which the expectation of the whole does not say. */
function insideOf(errors: readonly ErrorObject[]): string {
  const inner = errors.filter(
    ({ instancePath, keyword }) =>
      instancePath !== '' || keyword === 'required' || keyword === 'additionalProperties',
  );
  return inner.length === 0
    ? ''
    : ` (${inner.map(({ instancePath, message }) => `${instancePath.slice(1)} ${message}`.trim()).join(', ')})`;
}

function readParamsFile(path: string, schemas: Schemas): Params {
  const failed = (problem: string): Params => ({
    values: {},
    mistakes: [`--params ${oneLine(path, 200)}: ${problem}`],
  });
  let document: unknown;
  try {
    document = parseFile(path);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return failed(foreignCode(thrown) === 'ENOENT' ? 'there is no such file' : oneLine(message, 200));
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return failed('expected a map from params to values');
  }
  const unknown = Object.keys(document).filter((key) => !Object.hasOwn(schemas, key));
  const known = Object.keys(schemas);
  return {
    values: document as Readonly<Record<string, unknown>>,
    mistakes: unknown.map(
      (key) =>
        `--params ${oneLine(path, 200)}: there is no param '${oneLine(key, 80)}'${suggestion(key, known)}`,
    ),
  };
}

function parseFile(path: string): unknown {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return JSON.parse(readFileSync(path, 'utf8'));
  if (extension !== '.yaml' && extension !== '.yml')
    throw new Error('expected a file that ends in .json, .yaml or .yml');
  // Only here, and not before: most runs have no YAML to read, and every run waits for what is imported.
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return parse(readFileSync(path, 'utf8'), { logLevel: 'error' });
}
