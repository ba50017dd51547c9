import { parseYson } from '../../yson/parse.js';
import type { YsonMap, YsonValue } from '../../yson/value.js';
import { fault, YT_CODE } from './fault.js';

/** `{a,b}[#0:#5,key]` behind a path, as the rich attributes `columns` and `ranges`. */
export function parseSuffix(text: string): YsonMap {
  const match = /^(?:\{(.*?)\})?\s*(?:\[(.*)\])?$/s.exec(text);
  if (match === null) throw fault(YT_CODE.generic, `"${text}" is no selection of columns and rows`);
  const rich: YsonMap = new Map();
  if (match[1] !== undefined)
    rich.set(
      'columns',
      pieces(match[1]).map((piece) => parseYson(piece)),
    );
  if (match[2] !== undefined) rich.set('ranges', pieces(match[2]).map(range));
  return rich;
}

function range(text: string): YsonValue {
  const [lower, upper, ...more] = split(text, ':');
  if (more.length > 0) throw fault(YT_CODE.generic, `"${text}" is no range`);
  if (upper === undefined) return new Map([['exact', limit(lower ?? '')]]);
  const map: YsonMap = new Map();
  if (lower?.trim()) map.set('lower_limit', limit(lower));
  if (upper.trim()) map.set('upper_limit', limit(upper));
  return map;
}

function limit(text: string): YsonValue {
  const trimmed = text.trim();
  if (trimmed.startsWith('#')) return new Map([['row_index', parseYson(trimmed.slice(1))]]);
  const keys = trimmed.startsWith('(') ? pieces(trimmed.slice(1, -1)) : [trimmed];
  return new Map([['key', keys.map((key) => parseYson(key))]]);
}

function pieces(text: string): string[] {
  return split(text, ',').filter((piece) => piece.trim() !== '');
}

/** Splits at a separator that stands outside quotes and parentheses. */
function split(text: string, separator: string): string[] {
  const found: string[] = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|./gs)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === separator && depth === 0) found.push('');
    else found[found.length - 1] += token;
  }
  return found;
}
