import type { Answer } from '../pipeline/contract.js';
import type { Message, Outcome, SendResult } from '../pipeline/record.js';

/** A message on its way, across its attempts. */
export interface Delivery {
  readonly message: Message;
  /** Wall time when it was taken up, for the log. */
  readonly startedAtMs: number;
  /** The same as monotonic time, for `max_elapsed`. */
  readonly startedMs: number;
  /** Requests that carried it. */
  attempts: number;
  /** Requests that count towards `max_attempts`: a probe, a halving and a repeat with new credentials do not. */
  tries: number;
  /** Which credentials it last left with, and whether that was a repeat because of them. */
  generation: number;
  isRenewed: boolean;
}

/** A message that is taken up now: wall time, and the same as monotonic time. */
export function deliveryOf(message: Message, startedAtMs: number, startedMs: number): Delivery {
  return { message, startedAtMs, startedMs, attempts: 0, tries: 0, generation: 0, isRenewed: false };
}

/** The log's row of a delivery that has come to its end. */
export function resultOf(
  { message, startedAtMs, attempts }: Delivery,
  answer: Answer,
  outcome: Outcome,
  channel: string,
  finishedAtMs: number,
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
    reason: answer.class,
    startedAtMs,
    finishedAtMs,
  };
}
