import { isMap } from '../registry/jsonSchema.js';
import { scriptsOf } from '../registry/scripts.js';
import { suggestion } from '../registry/spelling.js';
import { rowField } from './row.js';
import { at, atKey, judgedOf, type Rule } from './rule.js';
import { usesOf } from './use.js';

const inputKey: Rule = {
  id: 'input/key',
  severity: 'error',
  doc: 'The key of an input is the field that identifies a message, and recipient the one that names who gets it. Both must be fields of the row, and the key one that every row has: without it a repeat cannot be told from a new message.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      const { inputs } = operation.document;
      for (const [name, input] of Object.entries(isMap(inputs) ? inputs : {})) {
        if (!isMap(input) || !isMap(input.row)) continue;
        for (const role of ['key', 'recipient'] as const) {
          const field = input[role];
          if (typeof field !== 'string') continue;
          const found = rowField(input.row, [field]);
          if ('known' in found)
            yield at(
              operation,
              ['inputs', name, role],
              `the row has no field '${field}'${suggestion(field, found.known)}`,
            );
          else if (role === 'key' && found.isOptional)
            yield at(
              operation,
              ['inputs', name, role],
              `'${field}' identifies a message, so it must be required in the row`,
            );
        }
      }
    }
  },
};

const outputUnwritten: Rule = {
  id: 'output/unwritten',
  severity: 'error',
  doc: 'An output that no runner writes: whoever reads it would wait for ever. Bind a logger to it, or delete it.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      // A script of one's own writes what it likes.
      if (scriptsOf(operation).length > 0) continue;
      const { outputs } = operation.document;
      const written = usesOf(operation, judged.specs)
        .bindings.filter(({ to }) => to === 'output')
        .map(({ name }) => name);
      for (const name of Object.keys(isMap(outputs) ? outputs : {})) {
        if (!written.includes(name))
          yield atKey(operation, ['outputs', name], `no runner writes the output '${name}'`);
      }
    }
  },
};

export const BINDING_RULES: readonly Rule[] = [inputKey, outputUnwritten];
