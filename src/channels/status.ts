import type { OutcomeClass } from '../component.js';
import { RtnError } from '../error.js';
import type { AnswerClass } from '../pipeline/contract.js';

/** A status (200) or all of a hundred ('5xx'). */
export type Status = number | string;

/** The schema of a list of them. */
export const STATUSES_SCHEMA = {
  type: 'array',
  minItems: 1,
  items: {
    anyOf: [
      { type: 'integer', minimum: 100, maximum: 599 },
      { type: 'string', pattern: '^[1-5]xx$' },
    ],
  },
} as const;

/** Compiles a list of statuses and hundreds to one look-up. */
export function compileStatuses(statuses: readonly Status[]): (status: number) => boolean {
  const listed = new Uint8Array(1_000);
  for (const status of statuses) {
    const [first, last] = statusRange(status);
    listed.fill(1, first, last + 1);
  }
  return (status) => listed[status] === 1;
}

/** The first and the last status that an entry names. Throws `configuration` for one that names none. */
export function statusRange(status: Status): [first: number, last: number] {
  const hundred = /^([1-5])xx$/.exec(String(status))?.[1];
  if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
  const code = Number(status);
  if (Number.isInteger(code) && code >= 100 && code <= 599) return [code, code];
  throw new RtnError(
    'configuration',
    `outcomes: '${status}' is no HTTP status, expected 100 to 599 or 1xx to 5xx`,
  );
}

/** A class as YAML writes it as the one that senders know. */
export function answerClass(name: OutcomeClass): AnswerClass {
  return name === 'in_doubt' ? 'in-doubt' : name;
}
