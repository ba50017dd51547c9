import { oneLine, RtnError } from '../error.js';
import { postgresError } from './errors.js';

/** A query out of a file, and what our own statement puts in front of it. */
export interface FileQuery {
  readonly path: string;
  readonly sql: string;
}

/**
 * An error of the server about a query of a person: with the line, and a caret where the server's position points.
 * `prefix` is what stood before the query in the statement that was run.
 */
export function queryError({ path, sql }: FileQuery, prefix: string, thrown: unknown): RtnError {
  const error = postgresError(`the query ${path} cannot be run`, thrown);
  const place = placeOf(sql, positionOf(thrown) - Array.from(prefix).length);
  const message = place === undefined ? error.message : `${error.message}\n${path}:${place}`;
  const isQuery = isOfQuery(error);
  return new RtnError(isQuery ? 'configuration' : error.code, message, {
    cause: thrown,
    isRetriable: error.isRetriable && !isQuery,
    details: error.details,
    ...(error.next !== undefined ? { next: error.next } : { next: `mend the query in ${path}` }),
  });
}

/** Whether the query itself is to be mended: its data or its parameters, of which there can be none (08P01). */
function isOfQuery({ code, details: { sqlstate } }: RtnError): boolean {
  return sqlstate === '08P01' || (code === 'storage' && sqlstate !== '53100');
}

/** Counts characters from 1; 0 where the server gave none. */
function positionOf(thrown: unknown): number {
  const { position } = (thrown ?? {}) as { readonly position?: unknown };
  return typeof position === 'string' ? Number(position) : 0;
}

/** `LINE:COLUMN`, the line and a caret below the column. */
function placeOf(sql: string, position: number): string | undefined {
  const characters = Array.from(sql);
  if (position < 1 || position > characters.length + 1) return undefined;
  const before = characters.slice(0, position - 1).join('');
  const line = before.split('\n').length;
  const column = Array.from(before.slice(before.lastIndexOf('\n') + 1)).length;
  const text = (sql.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  const [start, from] = column > 70 ? [column - 40, '…'] : [0, ''];
  const shown = Array.from(text)
    .slice(start, start + 100)
    .join('')
    .replaceAll('\t', ' ');
  return `${line}:${column + 1}\n  ${from}${oneLine(shown, 200)}\n  ${' '.repeat(column - start + from.length)}^`;
}
