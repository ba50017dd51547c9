import type { Answer } from '../pipeline/contract.js';
import type { Message, Outcome, SendResult } from '../pipeline/record.js';

/** A message on its way, across its attempts. */
export interface Delivery {
  readonly message: Message;
  /** Wall time of the first attempt, for the log. */
  readonly startedAtMs: number;
  /** The same as monotonic time, for `max_elapsed`. */
  readonly startedMs: number;
  /** Requests that carried it. */
  attempts: number;
  /** Requests that count: a probe of the circuit breaker does not. */
  tries: number;
}

/** The log's row of a delivery that has come to its end. */
export function resultOf(
  { message, startedAtMs, attempts }: Delivery,
  answer: Answer,
  outcome: Outcome,
  { channel, finishedAtMs }: { readonly channel: string; readonly finishedAtMs: number },
): SendResult {
  return {
    outcome,
    messageId: message.id,
    position: message.position,
    recipient: message.recipient,
    channel,
    attempts,
    httpStatus: answer.httpStatus,
    providerId: answer.providerId,
    errorCode: answer.errorCode,
    errorText: answer.errorText,
    suppress: answer.suppress ?? false,
    startedAtMs,
    finishedAtMs,
  };
}
