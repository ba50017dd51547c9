import { isMap } from '../registry/jsonSchema.js';
import { soleReference } from '../registry/reference.js';
import { nearest } from '../registry/spelling.js';
import { at, atKey, type Found, judgedOf, listInWords, type Rule } from './rule.js';
import { type SelectUse, usesOf } from './use.js';

const choices: Rule = {
  id: 'select/choices',
  severity: 'error',
  doc: 'A component is chosen by a param, and the values that the param may have are not the choices: a run could be started with a value that chooses nothing, or a choice could never be made. Give the param an enum that lists exactly the keys beside select.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const use of usesOf(operation, judged.specs).selects) yield* wrongChoices(use);
    }
  },
};

function* wrongChoices({ operation, by, choices: keys, path }: SelectUse): Iterable<Found> {
  const reference = soleReference(by);
  const { params } = operation.document;
  const param = reference?.root === 'params' ? (reference.path[0] ?? '') : undefined;
  const schema = isMap(params) && param !== undefined ? params[param] : undefined;
  // What is no reference to a param is a finding of the schema, and an unknown one of reference/unknown.
  if (!isMap(schema)) return;
  const select = [...path, 'select'];
  const wanted = `enum: [${keys.join(', ')}]`;
  if (!Array.isArray(schema.enum)) {
    yield at(operation, select, `the param '${param}' chooses, so it needs ${wanted}`);
    return;
  }
  const values = schema.enum.map(String);
  for (const key of keys) {
    if (values.includes(key)) continue;
    const near = nearest(key, values);
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    const message = `'${key}' is never chosen: the param '${param}' may be ${listInWords(values)}${hint}`;
    yield atKey(operation, [...path, key], message);
  }
  const missing = values.filter((value) => !keys.includes(value));
  if (missing.length > 0)
    yield at(operation, select, `the param '${param}' may be ${listInWords(missing)}, which chooses nothing`);
}

export const SELECT_RULES: readonly Rule[] = [choices];
