import { readFileSync } from 'node:fs';
import { foreignCode, oneLine } from '../error.js';
import type { RunnerDefinition, SecretDefinition } from './definition.js';

/** Secrets by name, and what is wrong with those that are not there. No message holds a value. */
export interface Secrets {
  readonly values: Readonly<Record<string, string>>;
  readonly mistakes: readonly string[];
}

/**
 * Secrets come from the environment alone: `NAME`, or `NAME_FILE` with the path of a file that holds it, whose last
 * line end is cut. Flags would show them in the list of processes. One that the params do not choose is not read.
 */
export function readSecrets(
  declared: RunnerDefinition['secrets'],
  environment: Readonly<Record<string, string | undefined>>,
  params: Readonly<Record<string, unknown>> = {},
): Secrets {
  const values: [string, string][] = [];
  const mistakes: string[] = [];
  for (const [name, definition] of Object.entries(declared)) {
    if (!isNeeded(definition, params)) continue;
    const secret = readSecret(name, environment);
    if ('value' in secret) values.push([name, secret.value]);
    else mistakes.push(secret.mistake);
  }
  return { values: Object.fromEntries(values), mistakes };
}

/** Whether a start with these params needs it. */
export function isNeeded(
  { when = {} }: SecretDefinition,
  params: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(when).every(([param, values]) => values.includes(String(params[param])));
}

function readSecret(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly value: string } | { readonly mistake: string } {
  const value = environment[name] ?? '';
  const file = environment[`${name}_FILE`] ?? '';
  if (value !== '' && file !== '')
    return { mistake: `secret ${name} is given twice: set ${name} or ${name}_FILE, not both` };
  if (value !== '') return { value };
  if (file === '')
    return { mistake: `secret ${name} is missing: set ${name}, or ${name}_FILE to a file that holds it` };
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text === ''
      ? { mistake: `secret ${name}: the file that ${name}_FILE names is empty` }
      : { value: text };
  } catch (thrown) {
    const reason = foreignCode(thrown) ?? 'unreadable';
    return {
      mistake: `secret ${name}: cannot read ${oneLine(file, 200)}, which ${name}_FILE names (${reason})`,
    };
  }
}
