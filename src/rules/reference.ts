import type { Artefact } from '../registry/artefact.js';
import { dryRunParams } from '../registry/dryRunParams.js';
import { isMap } from '../registry/jsonSchema.js';
import { type Reference, referencesIn } from '../registry/reference.js';
import { scriptsOf } from '../registry/scripts.js';
import { suggestion } from '../registry/spelling.js';
import { fits } from './fit.js';
import { rowField } from './row.js';
import { at, atKey, type Found, type Judged, judgedOf, type Rule } from './rule.js';
import { type TextUse, usesOf } from './use.js';

const unknown: Rule = {
  id: 'reference/unknown',
  severity: 'error',
  doc: 'A reference such as ${params.x} names something that the operation does not declare: an input, output, param, secret, or a field of the row of the input that the runner reads. References are plain names without expressions, stand only in values of runners, never in keys; $${ gives a literal ${.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      const { texts, bindings, badKeys } = usesOf(operation, judged.specs);
      yield* unresolved(operation);
      for (const path of badKeys) yield atKey(operation, path, 'a reference cannot stand in a key');
      for (const { to, name, path } of bindings) {
        const known = keysOf(operation.document[`${to}s`]);
        if (!known.includes(name))
          yield at(operation, path, `there is no ${to} '${name}'${suggestion(name, known)}`);
      }
      for (const use of texts) {
        for (const { message } of use.template.mistakes) yield at(operation, use.path, message);
        for (const reference of referencesOf(use)) {
          const known = unknownName(use, reference);
          if (known !== undefined)
            yield at(
              operation,
              use.path,
              `\${${reference.text}} names nothing${suggestion(reference.path.at(-1) ?? '', known)}`,
            );
        }
      }
    }
  },
};

const rowNotAllowed: Rule = {
  id: 'reference/row-not-allowed',
  severity: 'error',
  doc: 'Most of a component is configured once, before the first row is read; only keys that are made anew for each message (the body, the URL, headers) may hold ${row.x}.',
  *check(judged) {
    for (const [use, reference] of referenceUses(judged)) {
      if (reference.root === 'row' && use.field !== undefined && use.field.perRow !== true) {
        yield at(
          use.operation,
          use.path,
          `\${${reference.text}} cannot stand here: ${use.path.at(-1)} is set once for a run, before any row is read`,
        );
      }
    }
  },
};

const type: Rule = {
  id: 'reference/type',
  severity: 'error',
  doc: 'A value that is one reference keeps the type of what it names. This one would give the key a type, or a value, that it refuses. Give the param the type, the bounds or the enum of the key that it fills.',
  *check(judged) {
    for (const [use, reference] of referenceUses(judged)) {
      const problem = fits(use, reference, declared(use, reference));
      if (problem !== undefined) yield at(use.operation, use.path, problem);
    }
  },
};

const optionalInText: Rule = {
  id: 'reference/optional-in-text',
  severity: 'error',
  doc: "A field that a row may lack stands within a longer text, which would then read 'undefined'. Make the field required, or let the reference be the whole value: then the key is left out with the field.",
  *check(judged) {
    for (const [use, reference] of referenceUses(judged)) {
      if (reference.root !== 'row' || use.template.parts.length < 2) continue;
      const field = rowField(inputRow(use), reference.path);
      if ('isOptional' in field && field.isOptional)
        yield at(
          use.operation,
          use.path,
          `\${${reference.text}} stands within a longer text, but a row may lack it`,
        );
    }
  },
};

const unusedParam: Rule = {
  id: 'reference/unused-param',
  severity: 'error',
  doc: 'A param that no runner uses: who sets it believes that it does something. Use it, or delete it. A dry run uses `price_per_segment` where a column of the input is marked `x-sms-text`.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      // A script of one's own gets every param.
      if (scriptsOf(operation).length > 0) continue;
      const names = usesOf(operation, judged.specs).texts.flatMap((use) =>
        referencesOf(use)
          .filter(({ root }) => root === 'params')
          .map(({ path }) => path[0]),
      );
      const declaredNames = keysOf(operation.document.params);
      // A misspelt reference is told as such; that the param it meant is unused is the same mistake.
      if (names.some((name) => !declaredNames.includes(name ?? ''))) continue;
      for (const name of declaredNames) {
        if (!names.includes(name) && !dryRunParams(operation.document).includes(name))
          yield atKey(operation, ['params', name], `no runner uses \${params.${name}}`);
      }
    }
  },
};

export const REFERENCE_RULES: readonly Rule[] = [unknown, rowNotAllowed, type, optionalInText, unusedParam];

/** The default of an input or output is a location taken as it stands: a reference in it would become part of the name. */
function* unresolved(operation: Artefact): Iterable<Found> {
  for (const member of ['inputs', 'outputs'] as const) {
    const declarations = operation.document[member];
    for (const [name, declaration] of Object.entries(isMap(declarations) ? declarations : {})) {
      const location = isMap(declaration) ? declaration.default : undefined;
      const [first] = typeof location === 'string' ? referencesIn(location) : [];
      if (first !== undefined)
        yield at(
          operation,
          [member, name, 'default'],
          `\${${first.text}} is not resolved here: references stand only in runners`,
        );
    }
  }
}

function* referenceUses(judged: Judged): Iterable<[TextUse, Reference]> {
  for (const operation of judgedOf('operation', judged)) {
    for (const use of usesOf(operation, judged.specs).texts) {
      for (const reference of referencesOf(use)) yield [use, reference];
    }
  }
}

function referencesOf({ template }: TextUse): Reference[] {
  return template.parts.filter((part) => typeof part === 'object');
}

/** Undefined where the reference names something; else the names that it could have meant. */
function unknownName(use: TextUse, { root, path }: Reference): readonly string[] | undefined {
  if (root !== 'row') {
    const known = keysOf(use.operation.document[root]);
    return known.includes(path[0] ?? '') ? undefined : known;
  }
  const row = inputRow(use);
  const field = row === undefined ? undefined : rowField(row, path);
  return field !== undefined && 'known' in field ? field.known : undefined;
}

/** The JSON Schema of what a reference names, where there is one. */
function declared(use: TextUse, { root, path }: Reference): Readonly<Record<string, unknown>> | undefined {
  if (root === 'params') {
    const { params } = use.operation.document;
    const schema = isMap(params) ? params[path[0] ?? ''] : undefined;
    return isMap(schema) ? schema : undefined;
  }
  if (root !== 'row') return { type: 'string' };
  const field = rowField(inputRow(use), path);
  return 'schema' in field ? field.schema : undefined;
}

function inputRow({ operation, input }: TextUse): unknown {
  const { inputs } = operation.document;
  const declaredInput = isMap(inputs) && input !== undefined ? inputs[input] : undefined;
  return isMap(declaredInput) ? declaredInput.row : undefined;
}

function keysOf(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : [];
}
