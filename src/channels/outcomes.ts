import { OUTCOME_CLASSES, type OutcomeClass } from '../component.js';
import type { AnswerClass } from '../pipeline/contract.js';
import { OUTCOME_RULE_SCHEMA, type OutcomeRule } from './rules.js';
import { answerClass, compileStatuses, STATUSES_SCHEMA, type Status, statusRange } from './status.js';

/** What each class means to whoever writes a table. */
export const CLASS_MEANINGS: Readonly<Record<OutcomeClass, string>> = {
  sent: 'Accepted by the provider.',
  rejected: 'This row or recipient, for good.',
  throttled: 'Slow down: everything waits as long as Retry-After asks, then this is tried again.',
  retry: 'Transient, and surely not carried out: tried again after a growing pause.',
  in_doubt: 'May have been carried out: never repeated, and logged as unknown.',
  refresh: 'The credentials have run out: renewed once where the channel can, else the run stops.',
  terminal: 'Nothing can be sent until a person changes something: the run stops.',
};

/** The schema of the channel's `outcomes`. */
export const OUTCOMES_SCHEMA = {
  type: 'object',
  required: ['sent'],
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      OUTCOME_CLASSES.map((name) => [name, { ...STATUSES_SCHEMA, description: CLASS_MEANINGS[name] }]),
    ),
    suppress: {
      ...STATUSES_SCHEMA,
      description:
        'Statuses after which nobody should send to this recipient again; logged apart from the class.',
    },
    rules: {
      type: 'array',
      minItems: 1,
      description:
        'Asked in order before the statuses; the first one whose conditions all hold decides alone.',
      items: OUTCOME_RULE_SCHEMA,
    },
  },
};

/**
 * Statuses by class. A status listed by itself counts before its hundred, whatever the order of the keys: the digest of
 * a document does not see that order, so nothing may depend on it.
 */
export type OutcomeTable = Readonly<Partial<Record<OutcomeClass, readonly Status[]>>> & {
  readonly suppress?: readonly Status[];
  readonly rules?: readonly OutcomeRule[];
};

/** What a status comes to. */
export interface StatusOutcome {
  readonly class: AnswerClass;
  readonly isSuppressed: boolean;
}

/** Compiles the table to one look-up per answer. A status that nobody lists is tried again, then failed; never sent. */
export function compileOutcomes(table: OutcomeTable): (status: number) => StatusOutcome {
  const classes = new Array<AnswerClass>(1_000).fill('retry');
  const isSuppressed = compileStatuses(table.suppress ?? []);
  const listed = OUTCOME_CLASSES.flatMap((name) =>
    (table[name] ?? []).map((status) => [answerClass(name), statusRange(status)] as const),
  );
  // The hundreds first, so that a single status writes over its own.
  const bySize = listed.sort(([, a], [, b]) => b[1] - b[0] - (a[1] - a[0]));
  for (const [name, [first, last]] of bySize) classes.fill(name, first, last + 1);
  const outcomes = classes.map((name, status) => ({ class: name, isSuppressed: isSuppressed(status) }));
  return (status) => outcomes[status] ?? UNLISTED;
}

const UNLISTED: StatusOutcome = { class: 'retry', isSuppressed: false };
