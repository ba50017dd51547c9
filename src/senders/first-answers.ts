import { RtnError } from '../error.js';
import type { Answer } from '../pipeline/contract.js';
import { isRefusal } from './answers.js';

/** How many answers of one kind say that it is not the rows that are wrong. */
const ALIKE = 20;

/**
 * Guards the beginning of a run: until the first message is sent, at most twenty requests are in flight, and when the
 * first twenty refusals are of one and the same kind the run stops, before a wrong project, endpoint or template has
 * burnt the whole list.
 */
export class FirstAnswers {
  #isOver = false;
  #kind: string | undefined;
  #isMixed = false;
  #alike = 0;

  /** Most requests in flight for now. */
  get limit(): number {
    return this.#isOver ? Number.POSITIVE_INFINITY : ALIKE;
  }

  /** Takes note of a message that was sent. */
  sent(): void {
    this.#isOver = true;
  }

  /** Takes note of what one request told: an answer for each message. Gives the error that ends the run, or undefined. */
  note(answers: readonly Answer[]): RtnError | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = answers.some((answer) => answer.class === 'sent');
    if (this.#isOver) return undefined;
    const refusals = answers.filter(isRefusal);
    for (const refusal of refusals) {
      const kind = `${refusal.class} ${refusal.errorCode}`;
      this.#kind ??= kind;
      // A second kind: it is not one mistake that refuses them all. What limits the requests in flight stays.
      this.#isMixed ||= kind !== this.#kind;
    }
    this.#alike += refusals.length;
    const [first] = refusals;
    return first === undefined || this.#isMixed || this.#alike < ALIKE ? undefined : alikeError(first);
  }
}

function alikeError({ errorCode, errorText }: Answer): RtnError {
  const said = errorText === null ? '' : `: ${errorText}`;
  return new RtnError(
    'configuration',
    `the first ${ALIKE} answers of the provider were all ${errorCode ?? 'refusals'} and nothing was sent${said}`,
    {
      details: { errorCode },
      next: 'check endpoint, project and template, then start the same command again',
    },
  );
}
