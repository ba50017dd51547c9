import { RtnError } from '../error.js';
import type { AnswerClass } from '../pipeline/contract.js';

/** The classes that a status can be listed under, in YAML's words. */
export const STATUS_CLASSES = ['sent', 'rejected', 'throttled', 'retry', 'terminal'] as const;

/** A status (200) or all of a hundred ('5xx'), by class. The first class that lists a status, from the top, has it. */
export type OutcomeTable = Readonly<
  Partial<Record<(typeof STATUS_CLASSES)[number], readonly (number | string)[]>>
>;

/** Compiles the table to one look-up per answer. A status that nobody lists is `retry`: tried again, then failed; never sent. */
export function compileOutcomes(table: OutcomeTable): (status: number) => AnswerClass {
  const classes = new Array<AnswerClass | undefined>(1_000).fill(undefined);
  for (const [name, statuses] of Object.entries(table) as [AnswerClass, readonly (number | string)[]][]) {
    for (const status of statuses) {
      const [first, last] = range(status);
      for (let code = first; code <= last; code++) classes[code] ??= name;
    }
  }
  return (status) => classes[status] ?? 'retry';
}

function range(status: number | string): [first: number, last: number] {
  const hundred = /^([1-5])xx$/.exec(String(status))?.[1];
  if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
  const code = Number(status);
  if (Number.isInteger(code) && code >= 100 && code <= 599) return [code, code];
  throw new RtnError(
    'configuration',
    `outcomes: '${status}' is no HTTP status, expected 100 to 599 or 1xx to 5xx`,
  );
}
