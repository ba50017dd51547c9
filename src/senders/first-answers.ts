import { RtnError } from '../error.js';
import type { Answer } from '../pipeline/contract.js';

/** How many answers of one kind say that it is not the rows that are wrong. */
const ALIKE = 20;

/**
 * Guards the beginning of a run: until the first message is sent, at most twenty requests are in flight, and when the
 * first twenty answers are refusals of one and the same kind the run stops, before a wrong project, endpoint or template
 * has burnt the whole list.
 */
export class FirstAnswers {
  #isOver = false;
  #kind: string | undefined;
  #alike = 0;

  /** Most requests in flight for now. */
  get limit(): number {
    return this.#isOver ? Number.POSITIVE_INFINITY : ALIKE;
  }

  /** Takes note of an answer; gives the error that ends the run, or undefined. */
  note(answer: Answer): RtnError | undefined {
    if (this.#isOver) return undefined;
    if (answer.class === 'sent') this.#isOver = true;
    if (this.#isOver || !isRefusal(answer)) return undefined;
    const kind = `${answer.class} ${answer.errorCode}`;
    this.#kind ??= kind;
    // A second kind: it is not one mistake that refuses them all. What limits the requests in flight stays.
    if (kind !== this.#kind) this.#alike = Number.NEGATIVE_INFINITY;
    return ++this.#alike === ALIKE ? alikeError(answer) : undefined;
  }
}

/** A provider that is down or wants us to slow down says nothing of what it was sent. */
function isRefusal({ class: answerClass, httpStatus }: Answer): boolean {
  if (answerClass === 'rejected') return true;
  return answerClass === 'retry' && httpStatus !== null && httpStatus < 500;
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
