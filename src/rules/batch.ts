import { isMap } from '../registry/jsonSchema.js';
import { suggestion } from '../registry/spelling.js';
import { rowField } from './row.js';
import { at, atKey, type Found, judgedOf, type Rule } from './rule.js';
import { type Carrier, usesOf } from './use.js';

const each: Rule = {
  id: 'batch/each',
  severity: 'error',
  doc: 'Below `use: batch` one request carries many messages, so what a row gives stands inside `{each: …}`: it is made once for each row, and the map becomes the list of them. A batch needs exactly one such map; the rest of the body, the URL and the headers are made once for a run and cannot hold ${row.x}. A sender of single messages has no use for `each`.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      const { carriers, texts } = usesOf(operation, judged.specs);
      for (const carrier of carriers) yield* wrongEach(carrier);
      for (const { template, field, path, isSharedByBatch } of texts) {
        if (!isSharedByBatch || field?.perRow !== true) continue;
        for (const part of template.parts) {
          if (typeof part === 'object' && part.root === 'row')
            yield at(
              operation,
              path,
              `\${${part.text}} cannot stand here: one request carries many rows, and only what stands inside each is made for one`,
            );
        }
      }
    }
  },
};

function* wrongEach({ operation, spec, path, isBatch, config, eachPaths }: Carrier): Iterable<Found> {
  if (!isBatch) {
    for (const found of eachPaths)
      yield atKey(operation, [...found, 'each'], 'each goes with use: batch, but each message is sent alone');
    return;
  }
  const key = Object.keys(spec.fields).find((name) => spec.fields[name]?.each);
  if (key === undefined) {
    yield at(operation, [...path, 'use'], `the ${spec.kind} '${spec.key}' cannot carry batches`);
  } else if (eachPaths.length === 0) {
    const message = `a batch needs what each row adds: {each: {…}} inside ${key}`;
    yield Object.hasOwn(config, key)
      ? atKey(operation, [...path, key], message)
      : at(operation, path, message);
  }
  for (const found of eachPaths.slice(1))
    yield atKey(operation, [...found, 'each'], 'each stands twice, but a batch is one list');
}

const match: Rule = {
  id: 'batch/match',
  severity: 'error',
  doc: 'An answer to a batch tells its messages apart by a column of the input. It must be a column, and one that every row has and that is no list or map: a message without it could never be told what became of it.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      const inputs = isMap(operation.document.inputs) ? operation.document.inputs : {};
      for (const { name, path, input } of usesOf(operation, judged.specs).columns) {
        const declared = input === undefined ? undefined : inputs[input];
        if (!isMap(declared) || !isMap(declared.row)) continue;
        const field = rowField(declared.row, [name]);
        if ('known' in field)
          yield at(operation, path, `the row has no column '${name}'${suggestion(name, field.known)}`);
        else if (field.isOptional)
          yield at(operation, path, `'${name}' tells messages apart, so it must be required in the row`);
        else if ([field.schema.type].flat().some((type) => type === 'object' || type === 'array'))
          yield at(operation, path, `'${name}' tells messages apart, so it cannot be a list or a map`);
      }
    }
  },
};

const only: Rule = {
  id: 'batch/only',
  severity: 'error',
  doc: 'A key that says how a batch is answered stands where each message is sent alone, so nothing would ever read it. Send with `use: batch`, or delete the key.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { spec, config, path, isBatch } of usesOf(operation, judged.specs).carriers) {
        if (isBatch) continue;
        for (const key of Object.keys(config)) {
          if (Object.hasOwn(spec.fields, key) && spec.fields[key]?.batchOnly)
            yield atKey(operation, [...path, key], `${key} goes with use: batch`);
        }
      }
    }
  },
};

export const BATCH_RULES: readonly Rule[] = [each, match, only];
