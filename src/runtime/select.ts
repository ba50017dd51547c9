import { RtnError } from '../error.js';

/**
 * The component that a param chooses; the others are never made, so nothing that only they need has to be there.
 * Throws `usage` for a value without a choice, which `rtn check` lets no param have.
 */
export function select<T>(chosen: unknown, choices: Readonly<Record<string, () => T>>): T {
  const key = String(chosen);
  const make = Object.hasOwn(choices, key) ? choices[key] : undefined;
  if (make === undefined)
    throw new RtnError(
      'usage',
      `there is no choice '${key}', expected one of ${Object.keys(choices).join(', ')}`,
    );
  return make();
}
