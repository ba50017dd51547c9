import type { Artefact } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import { scriptsOf } from '../registry/scripts.js';
import { suggestion } from '../registry/spelling.js';
import { rowField } from './row.js';
import { at, atKey, type Judged, judgedOf, type Rule } from './rule.js';
import { type Binding, usesOf } from './use.js';

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
  doc: 'An output that no runner writes: whoever reads it would wait for ever. Bind a logger or a task to it, or delete it.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const name of unbound('output', operation, judged))
        yield atKey(operation, ['outputs', name], `no runner writes the output '${name}'`);
    }
  },
};

const inputUnread: Rule = {
  id: 'input/unread',
  severity: 'error',
  doc: 'An input that no runner reads: whoever fills it believes that something is done with it. Bind a reader or a task to it, or delete it.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const name of unbound('input', operation, judged))
        yield atKey(operation, ['inputs', name], `no runner reads the input '${name}'`);
    }
  },
};

/** The inputs or outputs that no component is bound to and no text names. */
function unbound(to: Binding['to'], operation: Artefact, { specs }: Judged): string[] {
  // A script of one's own is handed all of them.
  if (scriptsOf(operation).length > 0) return [];
  const { bindings, texts } = usesOf(operation, specs);
  const references = texts.flatMap(({ template }) =>
    template.parts.filter((part) => typeof part === 'object'),
  );
  const used = [
    ...bindings.filter((binding) => binding.to === to).map(({ name }) => name),
    ...references.filter(({ root }) => root === `${to}s`).map(({ path }) => path[0] ?? ''),
  ];
  const declared = keysOf(operation.document[`${to}s`]);
  // A misspelt name is told as such; that what it meant is not bound is the same mistake.
  return used.every((name) => declared.includes(name)) ? declared.filter((name) => !used.includes(name)) : [];
}

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

const bindingScheme: Rule = {
  id: 'binding/scheme',
  severity: 'error',
  doc: 'The default location of an input or output has a scheme, the word before the colon, that the component bound to it cannot serve: a start that gives no other location would be refused. Where a stream alone is read, which has an endpoint instead of a location, a default says nothing. A draft may be ahead of the code: there it is a warning, until `rtn publish` is asked for.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const to of ['input', 'output'] as const) {
        const declarations = operation.document[`${to}s`];
        for (const [name, declaration] of Object.entries(isMap(declarations) ? declarations : {})) {
          const location = isMap(declaration) ? declaration.default : undefined;
          if (typeof location !== 'string') continue;
          const bound = usesOf(operation, judged.specs).bindings.filter(
            (binding) => binding.to === to && binding.name === name,
          );
          const problem = unserved(location, to, bound);
          if (problem !== undefined)
            yield at(operation, [`${to}s`, name, 'default'], problem, {
              ...(operation.status === 'draft' && { severity: 'warning' as const }),
            });
        }
      }
    }
  },
};

/** Why nothing that is bound can serve the location, or not all that takes one; undefined where nothing is known against it. */
export function unserved(location: string, to: Binding['to'], bound: readonly Binding[]): string | undefined {
  const scheme = /^([a-z][a-z0-9]*):./.exec(location)?.[1];
  if (scheme === undefined) return undefined;
  const served = bound.map(({ spec }) => ({
    spec,
    schemes: spec?.binds?.find((bond) => bond.to === to)?.schemes,
  }));
  const unable = served.find(
    ({ schemes }) => schemes !== undefined && schemes.length > 0 && !schemes.includes(scheme),
  );
  const verb = to === 'input' ? 'read' : 'write';
  if (unable?.spec !== undefined) {
    const expected = unable.schemes?.map((each) => `${each}:…`).join(' or ');
    return `the ${unable.spec.kind} '${unable.spec.key}' cannot ${verb} ${scheme}:…, expected ${expected}`;
  }
  const first = served[0]?.spec;
  return first !== undefined && served.every(({ schemes }) => schemes?.length === 0)
    ? `the ${first.kind} '${first.key}' takes no location, so this one is never used`
    : undefined;
}

function keysOf(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : [];
}

export const BINDING_RULES: readonly Rule[] = [
  inputKey,
  inputUnread,
  outputUnwritten,
  bindingType,
  bindingScheme,
];
