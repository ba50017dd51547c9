import { RtnError } from '../error.js';

/** Where an input is read or an output is written: `yt:PATH`, `yt://cluster/PATH`, `pg:TABLE`. */
export interface Location {
  readonly scheme: string;
  /** What stands behind `scheme:`. */
  readonly target: string;
  /** As given: for messages and the ledger. */
  readonly text: string;
}

/** Splits `scheme:target`; the error of a wrong one lists the schemes that `what` can use. */
export function parseLocation(text: string, what: string, schemes: readonly string[]): Location {
  const match = /^([a-z][a-z0-9]*):(.+)$/s.exec(text);
  const [, scheme, target] = match ?? [];
  if (scheme === undefined || target === undefined || !schemes.includes(scheme)) {
    const expected = schemes.map((name) => `${name}:…`).join(' or ');
    throw new RtnError('usage', `${what} is not a location it can use: got '${text}', expected ${expected}`);
  }
  return { scheme, target, text };
}
