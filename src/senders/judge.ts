import { RtnError, toRtnError } from '../error.js';
import type { Answer, Channel, Run, SendControl } from '../pipeline/contract.js';
import type { Outcome, SendResult } from '../pipeline/record.js';
import { Backoff, type BackoffOptions } from './backoff.js';
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
  readonly backoff: Backoff;
  #refreshing: Promise<boolean> | undefined;
  #refreshedAtMs = Number.POSITIVE_INFINITY;

  constructor(channel: Channel, run: Run, control: SendControl, options: BackoffOptions) {
    this.#channel = channel;
    this.#run = run;
    this.#control = control;
    this.backoff = new Backoff(options, run.clock);
  }

  /** What an answer makes of a delivery. Stops the run at a terminal one. */
  verdict(delivery: Delivery, answer: Answer): Verdict {
    switch (answer.class) {
      case 'sent':
      case 'rejected':
        return this.#result(delivery, answer, answer.class);
      case 'in-doubt':
        return this.#result(delivery, answer, 'unknown');
      case 'refresh':
      case 'terminal':
        this.#control.stop(toRtnError(answer.error ?? credentialsError(answer)), delivery.message);
        return LEFT;
      case 'throttled':
      case 'retry':
        return this.#again(delivery, answer);
    }
  }

  /** The result of a delivery that is given up, whatever attempts it has left. */
  failed(delivery: Delivery, answer: Answer): SendResult {
    const of = { channel: this.#channel.key, finishedAtMs: this.#run.clock.now() };
    return resultOf(delivery, answer, 'failed', of);
  }

  /**
   * Renews the credentials after a `refresh` answer, once for all that ask at the same time; false when the request had
   * left with the new ones already, or there are none.
   */
  async refresh({ startedMs }: Passage): Promise<boolean> {
    const hasNew = startedMs >= this.#refreshedAtMs;
    if (this.#channel.refresh === undefined || hasNew) return false;
    this.#refreshing ??= this.#channel.refresh().finally(() => {
      this.#refreshing = undefined;
      this.#refreshedAtMs = this.#run.clock.monotonic();
    });
    return this.#refreshing;
  }

  #again(delivery: Delivery, answer: Answer): Verdict {
    if (this.#control.signal.aborted) return LEFT;
    const dueMs = this.backoff.dueMs(delivery, answer.retryAfterMs);
    return dueMs === undefined ? this.#result(delivery, answer, 'failed') : { kind: 'again', dueMs };
  }

  #result(delivery: Delivery, answer: Answer, outcome: Outcome): Verdict {
    const of = { channel: this.#channel.key, finishedAtMs: this.#run.clock.now() };
    return { kind: 'result', result: resultOf(delivery, answer, outcome, of) };
  }
}

function credentialsError({ errorCode, errorText }: Answer): RtnError {
  const said = errorText === null ? '' : `: ${errorText}`;
  return new RtnError('credentials', `the provider refuses the credentials (${errorCode})${said}`, {
    next: 'renew the secret that the operation sends, then start the same command again',
  });
}
