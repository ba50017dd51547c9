import { RtnError } from '../error.js';
import { toBytes } from './bytes.js';
import { quote } from './escape.js';
import { Attributed, MAX_YSON_DEPTH, Uint64, type YsonMap, type YsonValue } from './value.js';

/** Writes a value as text YSON in ASCII, fit for an HTTP header. `pretty` puts every item on a line of its own. */
export function writeYsonText(value: YsonValue, { pretty = false } = {}): string {
  return text(value, 0, pretty ? '    ' : '');
}

function text(value: YsonValue, depth: number, indent: string): string {
  if (depth > MAX_YSON_DEPTH)
    throw new RtnError('data', `YSON value is nested deeper than ${MAX_YSON_DEPTH}`);
  if (value === null) return '#';
  if (typeof value === 'boolean') return value ? '%true' : '%false';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint64) return `${value.value}u`;
  if (typeof value === 'string' || value instanceof Uint8Array) return quote(toBytes(value));
  if (value instanceof Attributed) {
    if (value.attributes.size === 0) return text(value.value, depth, indent);
    return `<${pairs(value.attributes, depth, indent)}>${text(value.value, depth, indent)}`;
  }
  if (value instanceof Map) return `{${pairs(value, depth, indent)}}`;
  return `[${lines(
    value.map((item) => text(item, depth + 1, indent)),
    depth,
    indent,
  )}]`;
}

function pairs(map: YsonMap, depth: number, indent: string): string {
  const written = [...map].map(([key, item]) => {
    const equals = indent === '' ? '=' : ' = ';
    return `${quote(toBytes(key))}${equals}${text(item, depth + 1, indent)}`;
  });
  return lines(written, depth, indent);
}

function lines(items: readonly string[], depth: number, indent: string): string {
  if (indent === '' || items.length === 0) return items.map((item) => `${item};`).join('');
  const inner = `\n${indent.repeat(depth + 1)}`;
  return `${items.map((item) => `${inner}${item};`).join('')}\n${indent.repeat(depth)}`;
}

/** A double always has a point or an exponent: `1` would be read back as an integer. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return '%nan';
  if (!Number.isFinite(value)) return value > 0 ? '%inf' : '%-inf';
  if (Object.is(value, -0)) return '-0.';
  const digits = String(value);
  return /[.e]/.test(digits) ? digits : `${digits}.`;
}
