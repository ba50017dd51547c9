import { eachPathsIn, isEach } from '../registry/each.js';
import { arrow, type Expression, name } from './expression.js';
import { mistake, type Spot } from './spot.js';
import { resolved, type Scope } from './value.js';

/** The body of a batch as two functions: of the list of its items, and of the row that an item is made of. */
export function batchBody(value: unknown, spot: Spot, scope: Scope): { body: Expression; each: Expression } {
  const found = eachPathsIn(value, []);
  if (found.length !== 1)
    throw mistake(
      spot,
      found.length === 0
        ? 'a batch needs what each row adds: {each: {…}}'
        : 'each stands twice, but a batch is one list',
    );
  let each: Expression | undefined;
  const frame = resolved(value, spot, { ...scope, row: undefined }, undefined, (part, at) => {
    if (!isEach(part)) return undefined;
    each = arrow('row', resolved(part.each, { ...at, path: `${at.path}.each` }, scope));
    return name('items');
  });
  if (each === undefined) throw mistake(spot, 'a batch needs what each row adds: {each: {…}}');
  return { body: arrow('items', frame), each };
}
