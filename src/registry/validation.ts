import type { ValidateFunction } from 'ajv';
import type { ComponentSpec } from '../component.js';
import type { ArtefactKind } from './artefact.js';
import { documentSchemas } from './documentSchema.js';
import { embeddedMistakes } from './embedded.js';
import { type Finding, inOrder } from './finding.js';
import { mistakesOf } from './mistake.js';
import type { Source } from './source.js';
import { newAjv } from './value.js';

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
  const ajv = newAjv();
  const compiled = new Map<ArtefactKind, ValidateFunction>();
  return (kind, source) => {
    const validate = compiled.get(kind) ?? ajv.compile(schemas[kind]);
    compiled.set(kind, validate);
    validate(source.value);
    const mistakes = [
      ...mistakesOf(validate.errors ?? [], source.homeOf),
      ...(kind === 'operation' ? embeddedMistakes(source.value) : []),
    ];
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
  };
}
