import { oneLine, RtnError } from '../error.js';

/** Where in an operation a value stands: for the messages of mistakes. */
export interface Spot {
  /** `driver_push 1.4.10 (operations/driver_push/1.4.10.yaml)`. */
  readonly document: string;
  /** Keys from the document's root, `runners.one-shot.sender`. */
  readonly path: string;
}

/** The spot of a value within the one at `spot`. */
export function below(spot: Spot, key: string | number): Spot {
  return { ...spot, path: spot.path === '' ? String(key) : `${spot.path}.${key}` };
}

/** An error of code `configuration`: generating met what `rtn check` would have found. */
export function mistake(spot: Spot, message: string): RtnError {
  const where = spot.path === '' ? spot.document : `${spot.document}: ${spot.path}`;
  return new RtnError('configuration', oneLine(`${where}: ${message}`, 1_000), {
    details: { document: spot.document, path: spot.path },
    next: 'rtn check',
  });
}

/** The value as a map, or an error that says what it is instead. */
export function mapAt(value: unknown, spot: Spot): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw mistake(spot, `got ${shown(value)}, expected a map`);
}

/** The value as a text, or an error that says what it is instead. */
export function textAt(value: unknown, spot: Spot): string {
  if (typeof value === 'string') return value;
  throw mistake(spot, `got ${shown(value)}, expected a text`);
}

/** A value in a message: short, on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return oneLine(JSON.stringify(value) ?? String(value), 80);
}
