import { RtnError } from '../error.js';
import type { AnswerClass } from '../pipeline/contract.js';

/** The classes that a status can be listed under, in YAML's words. */
export const STATUS_CLASSES = ['sent', 'rejected', 'throttled', 'retry', 'terminal'] as const;

/**
 * A status (200) or all of a hundred ('5xx'), by class. A status listed by itself counts before its hundred, whatever
 * the order of the keys: the digest of a document does not see that order, so nothing may depend on it.
 */
export type OutcomeTable = Readonly<
  Partial<Record<(typeof STATUS_CLASSES)[number], readonly (number | string)[]>>
>;

/** Compiles the table to one look-up per answer. A status that nobody lists is `retry`: tried again, then failed; never sent. */
export function compileOutcomes(table: OutcomeTable): (status: number) => AnswerClass {
  const classes = new Array<AnswerClass | undefined>(1_000).fill(undefined);
  const listed = STATUS_CLASSES.flatMap((name) =>
    (table[name] ?? []).map((status) => [name, range(status)] as const),
  );
  const bySize = listed.sort(([, a], [, b]) => a[1] - a[0] - (b[1] - b[0]));
  for (const [name, [first, last]] of bySize) {
    for (let code = first; code <= last; code++) classes[code] ??= name;
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
