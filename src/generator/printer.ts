import { isIdentifier, numberText, propertyKey, quote, quoteInTemplate } from './escape.js';
import type { Expression, Property } from './expression.js';

/** Columns of a line; biome.json says the same. */
const WIDTH = 110;
/** A long text stays beside a key as short as this: a line of its own would gain next to nothing. */
const SHORT_KEY = 4;

/** Where a piece of code begins. Columns count from 0. */
export interface Place {
  /** Spaces at the beginning of the line. */
  readonly indent: number;
  /** Column of the first character. */
  readonly column: number;
  /** Columns needed behind it on its last line: a comma, closing brackets. */
  readonly behind: number;
}

/**
 * Prints an expression as biome would: on one line where it fits into 110 columns, else broken. Two things differ,
 * both beyond any sensible name: chains of members are not broken, and wide (CJK) characters count as one column.
 */
export function print(expression: Expression, place: Place): string {
  const flat = mustBreak(expression) ? undefined : printFlat(expression);
  if (flat !== undefined && fits(flat, place)) return flat;
  return printBroken(expression, place);
}

/** The whole expression on one line, however long. */
function printFlat(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return literalText(expression.value);
    case 'name':
      return expression.name;
    case 'member':
      return printFlat(expression.of) + memberText(expression.key, expression.isOptional);
    case 'object':
      return expression.properties.length === 0
        ? '{}'
        : `{ ${expression.properties.map(flatProperty).join(', ')} }`;
    case 'array':
      return `[${expression.items.map(printFlat).join(', ')}]`;
    case 'template':
      return `\`${expression.parts.map((part) => (typeof part === 'string' ? quoteInTemplate(part) : `\${${printFlat(part)}}`)).join('')}\``;
    case 'call':
      return `${expression.callee}(${expression.args.map(printFlat).join(', ')})`;
    case 'arrow':
      return `(${expression.parameters}) => ${flatBody(expression.body)}`;
  }
}

function literalText(value: string | number | boolean | null): string {
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' ? numberText(value) : String(value);
}

function memberText(key: string, isOptional: boolean): string {
  if (isIdentifier(key)) return `${isOptional ? '?.' : '.'}${key}`;
  return `${isOptional ? '?.' : ''}[${quote(key)}]`;
}

function flatProperty([key, value]: Property): string {
  if (isShorthand([key, value])) return key;
  return `${propertyKey(key)}: ${printFlat(value)}`;
}

function flatBody(body: Expression): string {
  return body.kind === 'object' ? `(${printFlat(body)})` : printFlat(body);
}

function printBroken(expression: Expression, place: Place): string {
  switch (expression.kind) {
    case 'object':
      return brokenList('{', expression.properties, '}', place, (property, inner) =>
        printProperty(property, inner),
      );
    case 'array':
      return expression.items.length > 1 && expression.items.every(isNumber)
        ? filledList(expression.items.map(printFlat), place.indent + 2)
        : brokenList('[', expression.items, ']', place, (item, inner) => print(item, inner));
    case 'call':
      return printCall(expression.callee, expression.args, place);
    case 'arrow':
      return printArrow(expression.parameters, expression.body, place);
    default:
      return printFlat(expression);
  }
}

function brokenList<T>(
  open: string,
  items: readonly T[],
  close: string,
  { indent }: Place,
  printItem: (item: T, place: Place) => string,
): string {
  if (items.length === 0) return open + close;
  const inner = { indent: indent + 2, column: indent + 2, behind: 1 };
  const lines = items.map((item) => `${spaces(inner.indent)}${printItem(item, inner)},\n`);
  return `${open}\n${lines.join('')}${spaces(indent)}${close}`;
}

/** Numbers stand many to a line, as the formatter sets them. */
function filledList(items: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && indent + line.length + 1 + item.length + 1 > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += `${line === '' ? '' : ' '}${item},`;
  }
  lines.push(line);
  return `[\n${lines.map((text) => `${spaces(indent)}${text}\n`).join('')}${spaces(indent - 2)}]`;
}

/** `{ items }` for `{ items: items }`. */
function isShorthand([key, value]: Property): boolean {
  return value.kind === 'name' && value.name === key;
}

function printProperty([key, value]: Property, place: Place): string {
  if (isShorthand([key, value])) return key;
  const head = `${propertyKey(key)}: `;
  const here = { ...place, column: place.column + head.length };
  const isChain = value.kind === 'member' || (value.kind === 'literal' && typeof value.value === 'string');
  const staysBeside = !isChain || head.length - 2 <= SHORT_KEY || fits(printFlat(value), here);
  return staysBeside
    ? head + print(value, here)
    : `${head.trimEnd()}\n${spaces(place.indent + 2)}${printFlat(value)}`;
}

/** The last argument opens on the line of the call when the ones before it fit there, as `zmq(inputs.x, {`. */
function printCall(callee: string, args: readonly Expression[], place: Place): string {
  const last = args.at(-1);
  const head = `${callee}(${args
    .slice(0, -1)
    .map((arg) => `${printFlat(arg)}, `)
    .join('')}`;
  const canHug = last?.kind === 'object' || last?.kind === 'array' || last?.kind === 'arrow';
  if (last !== undefined && canHug && place.column + head.length + 1 <= WIDTH) {
    return `${head}${printBroken(last, { ...place, column: place.column + head.length, behind: place.behind + 1 })})`;
  }
  return brokenList(`${callee}(`, args, ')', place, (arg, inner) => print(arg, inner));
}

function printArrow(parameters: string, body: Expression, place: Place): string {
  const head = `(${parameters}) =>`;
  const column = place.column + head.length + 1;
  if (body.kind === 'object') {
    return `${head} (${printBroken(body, { ...place, column: column + 1, behind: place.behind + 1 })})`;
  }
  if (body.kind === 'array') return `${head} ${printBroken(body, { ...place, column })}`;
  const inner = { indent: place.indent + 2, column: place.indent + 2, behind: place.behind };
  return `${head}\n${spaces(inner.indent)}${print(body, inner)}`;
}

/** Several objects (or arrays) of several members each are a table: the formatter gives each its own line. */
function mustBreak(expression: Expression): boolean {
  switch (expression.kind) {
    case 'array':
      return isTable(expression.items) || expression.items.some(mustBreak);
    case 'object':
      return expression.properties.some(([, value]) => mustBreak(value));
    case 'call':
      return expression.args.some(mustBreak);
    case 'arrow':
      return mustBreak(expression.body);
    default:
      return false;
  }
}

function isTable(items: readonly Expression[]): boolean {
  if (items.length < 2) return false;
  return (
    items.every((item) => item.kind === 'object' && item.properties.length > 1) ||
    items.every((item) => item.kind === 'array' && item.items.length > 1)
  );
}

function isNumber(expression: Expression): boolean {
  return expression.kind === 'literal' && typeof expression.value === 'number';
}

function fits(text: string, { column, behind }: Place): boolean {
  return column + [...text].length + behind <= WIDTH;
}

function spaces(count: number): string {
  return ' '.repeat(count);
}
