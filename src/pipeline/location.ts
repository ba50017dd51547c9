import { RtnError } from '../error.js';

/** Where an input is read or an output is written: `yt:PATH`, `yt://cluster/PATH`, `pg:TABLE`. */
export interface Location {
  /** Empty where the text has none: no component serves that. */
  readonly scheme: string;
  /** What stands behind `scheme:`. */
  readonly target: string;
  /** As given: for messages and the ledger. */
  readonly text: string;
}

/** Splits `scheme:target`. Which schemes can be used is for the component to say that is bound: `servedLocation`. */
export function parseLocation(text: string): Location {
  const [, scheme = '', target = text] = /^([a-z][a-z0-9]*):(.+)$/s.exec(text) ?? [];
  return { scheme, target, text };
}

/** The location of a bound input or output, where its scheme is one of these; else throws `usage`, which lists them. */
export function servedLocation(
  { name, location }: { readonly name: string; readonly location: Location | undefined },
  schemes: readonly string[],
): Location {
  if (location !== undefined && schemes.includes(location.scheme)) return location;
  const got = location === undefined ? 'nothing' : `'${location.text}'`;
  const expected = schemes.map((scheme) => `${scheme}:…`).join(' or ');
  throw new RtnError(
    'usage',
    `--${name} is not a location that can be used here: got ${got}, expected ${expected}`,
  );
}
