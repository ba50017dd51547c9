import type { ErrorObject, ValidateFunction } from 'ajv';
import type { ComponentSpec } from '../component.js';
import type { ArtefactKind } from './artefact.js';
import { documentSchemas } from './documentSchema.js';
import { embeddedMistakes } from './embedded.js';
import { type Finding, inOrder } from './finding.js';
import { type Mistake, mistakesOf } from './mistake.js';
import type { Source } from './source.js';
import { sharedAjv } from './value.js';

/** Judges one document by the schema of its kind. */
export type DocumentValidator = (kind: ArtefactKind, source: Source) => Finding[];

const validators = new WeakMap<readonly ComponentSpec[], DocumentValidator>();

/** The validator for a list of components; made once a list, since compiling costs more than all documents together. */
export function documentValidator(specs: readonly ComponentSpec[]): DocumentValidator {
  const validator = validators.get(specs) ?? newValidator(specs);
  validators.set(specs, validator);
  return validator;
}

/** Compiles the schemas of the three kinds, each when first needed. */
function newValidator(specs: readonly ComponentSpec[]): DocumentValidator {
  const schemas = documentSchemas(specs);
  const ajv = sharedAjv();
  const compiled = new Map<ArtefactKind, ValidateFunction>();
  return (kind, source) => {
    const validate = compiled.get(kind) ?? ajv.compile(schemas[kind]);
    compiled.set(kind, validate);
    validate(source.value);
    return schemaFindings(
      source,
      validate.errors ?? [],
      kind === 'operation' ? embeddedMistakes(source.value) : [],
    );
  };
}

/** What ajv found in a document, in words and with places, and mistakes that were found otherwise. */
export function schemaFindings(
  source: Source,
  errors: readonly ErrorObject[],
  others: readonly Mistake[] = [],
): Finding[] {
  const mistakes = withoutMisspelt([...mistakesOf(errors, source.homeOf), ...others]);
  const findings = mistakes.map(
    ({ rule, message, path, isAboutKey }): Finding => ({
      rule,
      severity: 'error',
      file: source.file,
      ...(isAboutKey ? source.positionOfKey(path) : source.positionOf(path)),
      message,
    }),
  );
  return inOrder(findings);
}

/** A misspelt key is one mistake: that the right one is missing goes without saying. */
function withoutMisspelt(mistakes: readonly Mistake[]): Mistake[] {
  const place = (path: Mistake['path'], key: string) => JSON.stringify([...path, key]);
  const meant = new Set<string>();
  for (const { rule, path, message } of mistakes) {
    const key = rule === 'schema/unknown-key' ? /did you mean '([^']+)'/.exec(message)?.[1] : undefined;
    if (key !== undefined) meant.add(place(path.slice(0, -1), key));
  }
  return mistakes.filter(({ rule, path, message }) => {
    const missing = rule === 'schema/required' ? /^'([^']+)'/.exec(message)?.[1] : undefined;
    return missing === undefined || !meant.has(place(path, missing));
  });
}
