import type { ErrorObject } from 'ajv';
import { oneLine } from '../error.js';
import { isMap } from './jsonSchema.js';
import type { Path } from './source.js';
import { suggestion } from './spelling.js';
import {
  NAME_PATTERN,
  REFERENCE_PATTERN,
  splitReference,
  strictVersion,
  VERSION_PATTERN,
} from './version.js';

/** What is wrong at one place of a document, in words. */
export interface Mistake {
  readonly rule: 'schema/unknown-key' | 'schema/required' | 'schema/type' | 'schema/value';
  readonly message: string;
  readonly path: Path;
  /** Whether the key at the end of the path is meant, not its value. */
  readonly isAboutKey: boolean;
}

/**
 * ajv's errors as mistakes: one a mistake of the author, not one a keyword that failed. `home` gives the path at which
 * a value is written, so that what an alias repeats is told once.
 */
export function mistakesOf(
  errors: readonly ErrorObject[],
  home: (path: Path) => Path = (path) => path,
): Mistake[] {
  const told = withoutAlternatives(
    errors.filter((error) => error.keyword !== 'if' && error.keyword !== 'propertyNames'),
  );
  const mistyped = new Set(
    told.filter((error) => error.keyword === 'type').map((error) => error.instancePath),
  );
  const empty = new Set(
    told.filter((error) => error.keyword === 'minLength').map((error) => error.instancePath),
  );
  const single = told.filter(
    (error) =>
      error.keyword === 'type' ||
      !isAboutValue(error) ||
      !(
        mistyped.has(error.instancePath) ||
        // A text that is too short has no form either.
        (['format', 'pattern'].includes(error.keyword) && empty.has(error.instancePath))
      ),
  );
  return single.map((error) => mistakeOf(error, home(pathOfPointer(error.instancePath))));
}

/** Reads a JSON Pointer (RFC 6901) as a path. */
function pathOfPointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isAboutValue({ keyword, propertyName }: ErrorObject): boolean {
  return (
    !['required', 'additionalProperties', 'dependencies'].includes(keyword) && propertyName === undefined
  );
}

/**
 * Of `anyOf` and `oneOf` one thing is told: the errors of the one alternative whose type was right, where there is
 * exactly one; else that none fits.
 */
function withoutAlternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  let rest = [...errors];
  for (const choice of errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')) {
    const before = new Set(errors.slice(0, errors.indexOf(choice)));
    const isInside = (error: ErrorObject) => before.has(error) && isOfBranch(error, choice);
    const branches = new Map<string, ErrorObject[]>();
    for (const error of rest.filter(isInside)) {
      const branch = branchOf(error, choice);
      branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const isOtherType = (error: ErrorObject) =>
      error.keyword === 'type' && error.instancePath === choice.instancePath;
    const fitting = [...branches.values()].filter((branch) => !branch.some(isOtherType));
    const kept = fitting.length === 1 ? fitting.flat() : [];
    rest = rest.filter((error) =>
      isInside(error) ? kept.includes(error) : error !== choice || kept.length === 0,
    );
  }
  return rest;
}

/** Errors behind a `$ref` carry the path of what it refers to, not that of the alternative they belong to. */
function isOfBranch(error: ErrorObject, choice: ErrorObject): boolean {
  const isWithin = error.schemaPath.startsWith(`${choice.schemaPath}/`);
  const isReferred =
    error.instancePath === choice.instancePath &&
    error.schemaPath.includes('/definitions/') &&
    !choice.schemaPath.startsWith(error.schemaPath.split('/').slice(0, 3).join('/'));
  return (isWithin || isReferred) && error.instancePath.startsWith(choice.instancePath);
}

function branchOf({ schemaPath }: ErrorObject, choice: ErrorObject): string {
  return schemaPath.startsWith(`${choice.schemaPath}/`)
    ? (schemaPath.slice(choice.schemaPath.length + 1).split('/')[0] ?? '')
    : schemaPath;
}

function mistakeOf(error: ErrorObject, path: Path): Mistake {
  const { params, keyword, parentSchema = {}, data } = error;
  const where = path.length === 0 ? 'the document' : path.join('.');
  const value = (message: string, rule: Mistake['rule'] = 'schema/value'): Mistake => ({
    rule,
    path,
    isAboutKey: false,
    message,
  });
  if (error.propertyName !== undefined) {
    const key = error.propertyName;
    return {
      rule: 'schema/value',
      path: [...path, key],
      isAboutKey: true,
      message: `'${key}' is no name that can stand in ${where}: expected it to match ${parentSchema.pattern}`,
    };
  }
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const known = Object.keys(isMap(parentSchema.properties) ? parentSchema.properties : {}).filter(
        (name) => !isMap(data) || !(name in data),
      );
      return {
        rule: 'schema/unknown-key',
        path: [...path, key],
        isAboutKey: true,
        message: `unknown key '${oneLine(key, 60)}' in ${where}${suggestion(key, known)}`,
      };
    }
    case 'required':
      return {
        rule: 'schema/required',
        path,
        isAboutKey: true,
        message: `'${params.missingProperty}' is missing in ${where}${describe(parentSchema, params.missingProperty)}`,
      };
    case 'type':
      return value(
        `${where} is ${inWords(data)}, expected ${[params.type].flat().map(typeName).join(' or ')}`,
        'schema/type',
      );
    case 'enum':
      return value(
        `${where} is ${inWords(data)}${suggestion(String(data), params.allowedValues.map(String))}`,
      );
    case 'const':
      return value(`${where} is ${inWords(data)}, expected ${JSON.stringify(params.allowedValue)}`);
    case 'pattern': {
      const strict = typeof data === 'string' ? strictForm(data, String(params.pattern)) : undefined;
      if (strict !== undefined)
        return value(`${where} is ${inWords(data)}, an older way of writing: write ${strict}`);
      return value(
        `${where} is ${inWords(data)}, expected ${example(parentSchema) ?? `a text that matches ${params.pattern}`}`,
      );
    }
    default:
      return value(`${where} is ${inWords(data)}: it ${error.message ?? 'is wrong'}`);
  }
}

/** `1.4.5-dev` for 1.4.5dev, `x@2.0.0` for x@2.0: what is meant where a version, or a name with one, is asked for. */
function strictForm(text: string, pattern: string): string | undefined {
  // A range, which stands for no one version, though `x` could be read as a label.
  if (/\.x$/i.test(text)) return undefined;
  if (pattern === VERSION_PATTERN) return strictVersion(text);
  if (pattern !== REFERENCE_PATTERN) return undefined;
  const { name, version } = splitReference(text);
  const strict = version === undefined ? undefined : strictVersion(version);
  return strict !== undefined && new RegExp(NAME_PATTERN).test(name) ? `${name}@${strict}` : undefined;
}

function example(schema: unknown): string | undefined {
  const examples = isMap(schema) ? schema.examples : undefined;
  return Array.isArray(examples) ? `something like ${examples.join(' or ')}` : undefined;
}

function describe(schema: unknown, key: string): string {
  const properties = isMap(schema) ? schema.properties : undefined;
  const property = isMap(properties) ? properties[key] : undefined;
  return isMap(property) && typeof property.description === 'string' ? `: ${property.description}` : '';
}

/** A value as a reader of YAML names it. */
function inWords(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `'${oneLine(value, 60)}'` : `${typeName(typeof value)} ${value}`;
}

function typeName(type: string): string {
  const names: Record<string, string> = {
    string: 'a text',
    number: 'the number',
    integer: 'a whole number',
    boolean: 'the boolean',
    object: 'a map',
    array: 'a list',
    null: 'empty',
  };
  return names[type] ?? type;
}
