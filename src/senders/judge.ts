import { RtnError, toRtnError } from '../error.js';
import type { Concealer } from '../pipeline/concealer.js';
import type { Answer, BatchAnswer, Channel, Run, SendControl } from '../pipeline/contract.js';
import type { Message, Outcome, Row, SendResult } from '../pipeline/record.js';
import { isDown } from './answers.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { Credentials } from './credentials.js';
import { type Delivery, resultOf } from './delivery.js';
import type { Passage } from './endpoint.js';

/** What becomes of a delivery after an answer: its result, another attempt, or nothing, since the run stops. */
export type Verdict =
  | { readonly kind: 'result'; readonly result: SendResult }
  | { readonly kind: 'again'; readonly dueMs: number }
  | { readonly kind: 'left' };

const LEFT: Verdict = { kind: 'left' };

/** Turns answers into verdicts, for every sender alike. */
export class Judge {
  readonly #channel: Channel;
  readonly #run: Run;
  readonly #control: SendControl;
  readonly #backoff: Backoff;
  readonly #credentials: Credentials;

  constructor(channel: Channel, run: Run, control: SendControl, options: BackoffOptions) {
    this.#channel = channel;
    this.#run = run;
    this.#control = control;
    this.#backoff = new Backoff(options, run.clock);
    this.#credentials = new Credentials(channel);
  }

  /** Takes note that a request leaves with this message. */
  leaves(delivery: Delivery): void {
    delivery.attempts++;
    delivery.tries++;
    this.#credentials.leaves(delivery);
  }

  /**
   * The answer to a request that carried these messages, without what is secret or personal in it: providers quote what
   * they refuse. Whatever is made of an answer is made of this one.
   */
  concealed(messages: readonly Message[], answer: Answer): Answer {
    const { concealer } = this.#control;
    if (concealer === undefined) return answer;
    return answer.class === 'sent'
      ? withConcealedId(messages, answer, concealer)
      : withConcealedTexts(messages, answer, concealer);
  }

  /** What is said of a request may quote all of its messages; what is said of one is looked through for that one. */
  concealedBatch(messages: readonly Message[], { whole, items }: BatchAnswer): BatchAnswer {
    const told = items?.map((item, index) => {
      const message = messages[index];
      return item && message && this.concealed([message], item);
    });
    return { whole: this.concealed(messages, whole), ...(told && { items: told }) };
  }

  /** How long an endpoint that throttled this without saying for how long is left alone. */
  pauseMs({ tries }: Delivery): number {
    return this.#backoff.pauseMs(tries);
  }

  /** What an answer makes of a delivery. Stops the run at a terminal one; a `refresh` goes to `renewed` first. */
  verdict(delivery: Delivery, answer: Answer, { isProbe }: Pick<Passage, 'isProbe'>): Verdict {
    if (answer.class !== 'refresh') this.#credentials.answered(delivery, answer);
    switch (answer.class) {
      case 'sent':
      case 'rejected':
        return this.result(delivery, answer, answer.class);
      case 'in-doubt':
        return this.result(delivery, answer, 'unknown');
      case 'refresh':
      case 'terminal':
        this.#control.stop(toRtnError(answer.error ?? credentialsError(answer)), delivery.message);
        return LEFT;
      case 'throttled':
      case 'retry':
        return isProbe && isDown(answer) ? this.#afterProbe(delivery) : this.#again(delivery, answer);
    }
  }

  /** After a `refresh` answer: whether the message goes again at once with new credentials, as the same attempt. */
  async renewed(delivery: Delivery): Promise<boolean> {
    const isRenewed = await this.#credentials.renewFor(delivery);
    if (isRenewed) delivery.tries--;
    return isRenewed;
  }

  /** The result of a delivery whatever attempts it has left. */
  result(delivery: Delivery, answer: Answer, outcome: Outcome): Verdict & { readonly kind: 'result' } {
    const nowMs = this.#run.clock.now();
    return { kind: 'result', result: resultOf(delivery, answer, outcome, this.#channel.key, nowMs) };
  }

  /** A probe asks for all messages: it costs the one that carried it neither an attempt nor time. */
  #afterProbe(delivery: Delivery): Verdict {
    delivery.tries--;
    return { kind: 'again', dueMs: this.#run.clock.monotonic() };
  }

  #again(delivery: Delivery, answer: Answer): Verdict {
    const dueMs = this.#backoff.dueMs(delivery, answer.retryAfterMs);
    return dueMs === undefined ? this.result(delivery, answer, 'failed') : { kind: 'again', dueMs };
  }
}

function withConcealedId(messages: readonly Message[], answer: Answer, concealer: Concealer): Answer {
  const { providerId } = answer;
  if (providerId === null) return answer;
  const told = concealer.id(providerId, rowsOf(messages));
  return told === providerId ? answer : { ...answer, providerId: told };
}

function withConcealedTexts(messages: readonly Message[], answer: Answer, concealer: Concealer): Answer {
  const { providerId, errorCode, errorText, error } = answer;
  const conceal = concealer.of(rowsOf(messages));
  return {
    ...answer,
    providerId: providerId && conceal.text(providerId),
    errorCode: errorCode && conceal.text(errorCode),
    errorText: errorText && conceal.text(errorText),
    ...(error !== undefined && { error: conceal.error(toRtnError(error)) }),
  };
}

function rowsOf(messages: readonly Message[]): Row[] {
  return messages.map(({ row }) => row);
}

function credentialsError({ errorCode, errorText }: Answer): RtnError {
  const said = errorText === null ? '' : `: ${errorText}`;
  return new RtnError('credentials', `the provider refuses the credentials (${errorCode})${said}`, {
    next: 'renew the secret that the operation sends, then start the same command again',
  });
}
