import { RtnError } from '../error.js';
import type { Answer, Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import { Adaptive } from './adaptive.js';
import { Breaker } from './breaker.js';
import { FirstAnswers } from './first-answers.js';
import { Gate } from './gate.js';

export interface EndpointOptions {
  /** Most requests in flight. */
  readonly concurrency: number;
  /** Requests a second; 0 for no limit. */
  readonly rateLimit: number;
  /** Whether the limit of requests in flight, and after throttling the rate, are found out while sending. */
  readonly isAdaptive: boolean;
  readonly minConcurrency: number;
  readonly breakerFailures: number;
  readonly breakerPauseMs: number;
  readonly maxBackoffMs: number;
  /** How long the provider may be down before the run stops. */
  readonly giveUpAfterMs: number;
}

/** A request that has left. */
export interface Passage {
  readonly startedMs: number;
  /** Whether it probes an open breaker: then it counts as no attempt. */
  readonly isProbe: boolean;
}

/**
 * What all requests to one provider share, whoever makes them: the rate and the cool-down, the circuit breaker, the
 * guard of the beginning, and how many may be in flight.
 */
export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #run: Run;
  readonly #counts: Counts;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #first = new FirstAnswers();
  readonly #adaptive: Adaptive | undefined;

  constructor(options: EndpointOptions, run: Run, counts: Counts) {
    this.#options = options;
    this.#run = run;
    this.#counts = counts;
    this.#gate = new Gate(options.rateLimit);
    this.#breaker = new Breaker({
      failures: options.breakerFailures,
      pauseMs: options.breakerPauseMs,
      maxPauseMs: Math.max(options.breakerPauseMs, options.maxBackoffMs),
    });
    this.#adaptive = options.isAdaptive
      ? new Adaptive({ min: options.minConcurrency, max: options.concurrency })
      : undefined;
  }

  /** Most requests in flight for now. */
  get limit(): number {
    return Math.min(
      this.#options.concurrency,
      this.#first.limit,
      this.#adaptive?.limit ?? this.#options.concurrency,
    );
  }

  /** How long the next request has to wait: 0 when it may leave now, Infinity when an answer has to come first. */
  delayMs(nowMs: number): number {
    return Math.max(this.#gate.delayMs(nowMs), this.#breaker.delayMs(nowMs));
  }

  /** Takes note that a request leaves now. */
  pass(nowMs: number): Passage {
    if (this.#adaptive !== undefined) this.#gate.hold(this.#adaptive.rate(nowMs));
    this.#gate.pass(nowMs);
    return { startedMs: nowMs, isProbe: this.#breaker.pass() };
  }

  /** Takes note of an answer; gives the error that ends the run, or undefined. `pauseMs` is for throttling without Retry-After. */
  answered(answer: Answer, passage: Passage, pauseMs: number): RtnError | undefined {
    const nowMs = this.#run.clock.monotonic();
    if (isDown(answer)) return this.#down(answer, passage, nowMs);
    this.#breaker.up();
    if (answer.class === 'throttled') this.#throttled(answer, nowMs, pauseMs);
    else this.#adaptive?.answered(nowMs - passage.startedMs, this.#counts.inFlight + 1, nowMs);
    return this.#first.note(answer);
  }

  #throttled({ retryAfterMs }: Answer, nowMs: number, pauseMs: number): void {
    this.#adaptive?.throttled(nowMs);
    // Who finds out the rate slows down by that; who does not has to wait as a whole.
    if (retryAfterMs !== null || this.#adaptive === undefined)
      this.#gate.coolDown(nowMs + (retryAfterMs ?? pauseMs));
  }

  #down(answer: Answer, { isProbe }: Passage, nowMs: number): RtnError | undefined {
    const hasOpened = this.#breaker.down(isProbe, nowMs);
    if (hasOpened) {
      this.#counts.breakerPauses++;
      this.#run.warn(`the provider is down (${answer.errorCode}); sending waits and probes it`);
    }
    const openForMs = this.#breaker.openForMs(nowMs);
    if (openForMs < this.#options.giveUpAfterMs) return undefined;
    return new RtnError(
      'unavailable',
      `the provider has been down for ${Math.round(openForMs / 1_000)} s: ${answer.errorText ?? answer.errorCode}`,
      {
        details: { errorCode: answer.errorCode },
        next: 'start the same command again once the provider answers',
      },
    );
  }
}

/** Not reached, or a server error: a provider that refuses or throttles is there. */
export function isDown({ class: answerClass, httpStatus }: Answer): boolean {
  if (answerClass !== 'retry' && answerClass !== 'in-doubt') return false;
  return httpStatus === null || httpStatus >= 500;
}
