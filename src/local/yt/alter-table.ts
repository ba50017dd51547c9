import { bare } from '../../yson/value.js';
import { schemaOf } from './attributes.js';
import type { Call } from './call.js';
import { fault, YT_CODE } from './fault.js';
import { takeLock } from './implicit-lock.js';
import { parsePath } from './path.js';
import { resolve } from './resolve.js';
import { readSchema, type Schema } from './schema.js';

/** alter_table: another schema for a static table. Where it has rows, they must fit the new one as they stand. */
export function alterTable(call: Call): undefined {
  const path = parsePath(call.parameters.get('path'));
  const { node } = resolve(call.view, path);
  if (node.type !== 'table') throw fault(YT_CODE.generic, `${path.text} is a ${node.type}, expected a table`);
  if (bare(call.parameters.get('dynamic') ?? false) !== false)
    throw fault(YT_CODE.generic, 'Dynamic tables are not supported here');
  takeLock(call, node, 'exclusive', undefined, path.text);
  const given = call.parameters.get('schema');
  if (given === undefined) return;
  const schema = readSchema(given);
  if (call.view.chunks(node).length > 0) requireFit(schemaOf(call.view, node), schema);
  call.view.apply([{ op: 'attribute', id: node.id, key: 'schema', value: schema.value }]);
}

/** Throws where rows that fit the old schema might not fit the new one. */
function requireFit(from: Schema, to: Schema): void {
  if (!from.isStrict && to.isStrict)
    throw fault(YT_CODE.generic, 'Changing "strict" from "false" to "true" is not allowed');
  for (const column of from.columns.values()) {
    const now = to.columns.get(column.name);
    if (now === undefined) {
      if (to.isStrict)
        throw fault(YT_CODE.generic, `Cannot remove column "${column.name}" from a strict schema`);
    } else if (now.type !== column.type) {
      throw fault(
        YT_CODE.generic,
        `Type mismatch for column "${column.name}": old "${column.type}", new "${now.type}"`,
      );
    } else if (now.isRequired && !column.isRequired) {
      throw fault(YT_CODE.generic, `Cannot make column "${column.name}" required: it was optional`);
    }
  }
  for (const column of to.columns.values()) {
    if (from.columns.has(column.name)) continue;
    if (!from.isStrict)
      throw fault(YT_CODE.generic, `Cannot insert a new column "${column.name}" into non-strict schema`);
    if (column.isRequired)
      throw fault(YT_CODE.generic, `Cannot insert a new required column "${column.name}"`);
  }
  const isPrefix = to.keys.every(({ name }, index) => from.keys[index]?.name === name);
  if (!isPrefix || (to.hasUniqueKeys && (!from.hasUniqueKeys || to.keys.length < from.keys.length)))
    throw fault(YT_CODE.generic, 'Key columns can only be given up, the last ones first');
}
