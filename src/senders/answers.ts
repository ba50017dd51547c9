import { oneLine, toRtnError } from '../error.js';
import type { Answer } from '../pipeline/contract.js';

const UNSENDABLE = 'unsendable_row';

/** The answer for a row that makes no request. */
export function unsendable(thrown: unknown): Answer {
  return withoutRequest(UNSENDABLE, oneLine(toRtnError(thrown).message));
}

/** The provider took the batch and said nothing of this message. */
export const MISSING_IN_ANSWER: Answer = withoutRequest(
  'missing_in_answer',
  'the answer has no outcome for this message',
);

/** Not reached, or a server error: a provider that refuses or throttles is there. */
export function isDown({ class: answerClass, httpStatus }: Answer): boolean {
  if (answerClass !== 'retry' && answerClass !== 'in-doubt') return false;
  return httpStatus === null || httpStatus >= 500;
}

/** Whether no request left: such an answer says nothing of the provider. */
export function isUnsendable({ class: answerClass, errorCode }: Answer): boolean {
  return answerClass === 'rejected' && errorCode === UNSENDABLE;
}

/** The provider refuses what it was sent. One that is down or wants us to slow down says nothing of that. */
export function isRefusal({ class: answerClass, httpStatus }: Answer): boolean {
  return answerClass === 'rejected' || (answerClass === 'retry' && httpStatus !== null && httpStatus < 500);
}

function withoutRequest(errorCode: string, errorText: string): Answer {
  return { class: 'rejected', httpStatus: null, providerId: null, errorCode, errorText, retryAfterMs: null };
}
