import { oneLine } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import { isSensitive, sensitiveDigest } from '../pipeline/sensitive.js';

/** How much of a text that makes no row is outlined, in characters. */
const OUTLINED = 300;

/** All but the signs and blanks of ASCII: what a text says, and not how it is built. */
const SAYING = /[^\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]/gu;
/** A key of a JSON object. */
const KEY = /"([^"\\]{1,128})"(?=[ \t]{0,8}:)/g;

/** What the log tells of a text that makes no row. */
export type Outline = (text: string | Buffer) => string;

/**
 * Tells of a text its length, its digest and how it begins, with dots for all that it says but names of columns, so
 * that a misplaced comma can be seen and a message cannot be read. Where a column is marked `x-sensitive`, no beginning.
 */
export function outlineOf({ row }: Pick<BoundInput, 'row'>): Outline {
  const columns = Object.keys(row.properties ?? {});
  const isShown = !columns.some((column) => isSensitive(row, column));
  const known = new Set(columns);
  return (text) => {
    const length = typeof text === 'string' ? `${text.length} characters` : `${text.length} bytes`;
    if (!isShown)
      return `${length} that are not shown, since rows have sensitive columns (${sensitiveDigest(text)})`;
    const start =
      typeof text === 'string' ? text.slice(0, OUTLINED + 1) : text.toString('latin1', 0, OUTLINED + 1);
    return `${length} (${sensitiveDigest(text)}): ${oneLine(dotted(start, known), OUTLINED)}`;
  };
}

function dotted(text: string, known: ReadonlySet<string>): string {
  let [shown, end] = ['', 0];
  for (const { 0: key, 1: name = '', index } of text.matchAll(KEY)) {
    if (!known.has(name)) continue;
    shown += text.slice(end, index).replace(SAYING, '·') + key;
    end = index + key.length;
  }
  return shown + text.slice(end).replace(SAYING, '·');
}
