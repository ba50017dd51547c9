import { oneLine, RtnError } from '../error.js';
import type { Row } from '../pipeline/record.js';

/** Origin and path, as a dispatch wants them. */
export interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Compiles an address; a constant one is read once. Throws `configuration` where that is none. */
export function compileTarget(url: string | ((row: Row) => string)): (row: Row) => Target {
  if (typeof url === 'function') return (row) => splitUrl(url(row));
  const target = splitUrl(url);
  return () => target;
}

function splitUrl(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new RtnError(
      'configuration',
      `the address of a request is wrong: got '${oneLine(text)}', expected http://… or https://…`,
    );
  }
  // A row value that is `.` or `..` would be folded away and lead the request somewhere else.
  if (/\/\.\.?(?=[/?#]|$)/.test(text)) {
    throw new RtnError(
      'data',
      `the address of a request has a segment that is '.' or '..': '${oneLine(text)}'`,
    );
  }
  return { origin: url.origin, path: url.pathname + url.search };
}
