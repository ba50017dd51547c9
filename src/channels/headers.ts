import { RtnError } from '../error.js';
import type { Row } from '../pipeline/record.js';

type Headers = Readonly<Record<string, string>>;

/** What may stand in a header value (RFC 9110, 5.5), as far as values can break it: no control character but a tab. */
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

const CONTENT_TYPE = { 'content-type': 'application/json' } as const;

/** Compiles the headers of a request; constant ones are judged once. Throws `configuration` where those cannot be sent. */
export function compileHeaders(
  headers: Headers | ((row: Row) => Headers) | undefined,
): (row: Row) => Record<string, string> {
  if (typeof headers === 'function') return (row) => ({ ...CONTENT_TYPE, ...checked(headers(row), 'data') });
  const constant = { ...CONTENT_TYPE, ...checked(headers ?? {}, 'configuration') };
  return () => ({ ...constant });
}

/** The same as a new list of names and values in turn, which undici reads fastest; `except` is left out. */
export function compileHeaderList(
  headers: Headers | ((row: Row) => Headers) | undefined,
  except: string | undefined,
): (row: Row) => string[] {
  const headersOf = compileHeaders(headers);
  const list = (of: Headers) =>
    Object.entries(of).flatMap(([name, value]) => (name === except ? [] : [name, value]));
  if (typeof headers === 'function') return (row) => list(headersOf(row));
  const constant = list(headersOf({}));
  return () => constant.slice();
}

/** No message shows the value: it may be a secret. */
function checked(headers: Headers, code: 'data' | 'configuration'): Headers {
  for (const [name, value] of Object.entries(headers)) {
    if (FORBIDDEN.test(String(value))) {
      throw new RtnError(
        code,
        `header ${name} cannot hold ${code === 'data' ? "this row's" : 'its'} value: it has a control or non-Latin character`,
        code === 'data' ? {} : { next: 'check the secret or param that it is made of' },
      );
    }
  }
  return headers;
}
