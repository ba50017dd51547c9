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
      for (const name of keysOf(outputs)) {
        if (!written.includes(name))
          yield atKey(operation, ['outputs', name], `no runner writes the output '${name}'`);
      }
    }
  },
};

const inputUnread: Rule = {
  id: 'input/unread',
  severity: 'error',
  doc: 'An input that no runner reads: whoever fills it believes that something is done with it. Bind a reader or a task to it, or delete it.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      // A script of one's own is handed every input.
      if (scriptsOf(operation).length > 0) continue;
      const { bindings, texts } = usesOf(operation, judged.specs);
      const references = texts.flatMap(({ template }) =>
        template.parts.filter((part) => typeof part === 'object'),
      );
      const declared = keysOf(operation.document.inputs);
      const read = [
        ...bindings.filter(({ to }) => to === 'input').map(({ name }) => name),
        ...references.filter(({ root }) => root === 'inputs').map(({ path }) => path[0] ?? ''),
      ];
      // A misspelt binding is told as such; that the input it meant is not read is the same mistake.
      if (read.some((name) => !declared.includes(name))) continue;
      for (const name of declared) {
        if (!read.includes(name))
          yield atKey(operation, ['inputs', name], `no runner reads the input '${name}'`);
      }
    }
  },
};

/** What the stages that handle single messages can be bound to; a task says itself what it takes. */
const BOUND_TYPES: Readonly<Record<string, string>> = { reader: 'rows', logger: 'send-log' };

const bindingType: Rule = {
  id: 'binding/type',
  severity: 'error',
  doc: 'A reader reads an input of type rows, one row a message, and a logger writes an output of type send-log, one row a result. Inputs and outputs of other types (table, file, send-log as an input) are handed over as a whole to a task or a script.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { to, name, path } of usesOf(operation, judged.specs).bindings) {
        const stage = String(path[2]);
        const declarations = operation.document[`${to}s`];
        const declaration = isMap(declarations) ? declarations[name] : undefined;
        const wanted = BOUND_TYPES[stage];
        if (wanted === undefined || !isMap(declaration)) continue;
        const { type = to === 'input' ? 'rows' : undefined } = declaration;
        if (type !== undefined && type !== wanted)
          yield at(
            operation,
            path,
            `a ${stage} needs an ${to} of type ${wanted}, but '${name}' is of type ${String(type)}`,
          );
      }
    }
  },
};

function keysOf(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : [];
}

export const BINDING_RULES: readonly Rule[] = [inputKey, inputUnread, outputUnwritten, bindingType];
