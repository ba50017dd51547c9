import { RtnError } from '../error.js';
import type { Answer, Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import { AdaptiveConcurrency } from './adaptive-concurrency.js';
import { AdaptiveRate } from './adaptive-rate.js';
import { isDown, isUnsendable } from './answers.js';
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
  /** The breaker's state at its departure. */
  readonly stateNumber: number;
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
  readonly #adaptive: { readonly concurrency: AdaptiveConcurrency; readonly rate: AdaptiveRate } | undefined;

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
      ? {
          concurrency: new AdaptiveConcurrency({ min: options.minConcurrency, max: options.concurrency }),
          rate: new AdaptiveRate(),
        }
      : undefined;
  }

  /** Most requests in flight for now. */
  get limit(): number {
    return Math.min(
      this.#options.concurrency,
      this.#first.limit,
      this.#adaptive?.concurrency.limit ?? this.#options.concurrency,
    );
  }

  /** How long the next request has to wait: 0 when it may leave now, Infinity when an answer has to come first. */
  delayMs(nowMs: number): number {
    return Math.max(this.#gate.delayMs(nowMs), this.#breaker.delayMs(nowMs));
  }

  /** Takes note that a request leaves now. */
  pass(nowMs: number): Passage {
    if (this.#adaptive !== undefined) this.#gate.hold(this.#adaptive.rate.perSecond(nowMs));
    this.#gate.pass(nowMs);
    return { startedMs: nowMs, ...this.#breaker.pass() };
  }

  /**
   * Takes note of an answer to a request, and of what it told of each message in it; gives the error that ends the run,
   * or undefined. `pauseMs` is for throttling without Retry-After.
   */
  answered(
    answer: Answer,
    passage: Passage,
    pauseMs: number,
    told: readonly Answer[] = [answer],
  ): RtnError | undefined {
    const nowMs = this.#run.clock.monotonic();
    if (isUnsendable(answer)) {
      this.#breaker.withdraw(passage.stateNumber);
      return undefined;
    }
    if (isDown(answer)) return this.#down(answer, passage, nowMs);
    this.#breaker.up();
    const throttled = told.filter((each) => each.class === 'throttled');
    if (throttled.length > 0) this.#throttled(throttled, passage, nowMs, pauseMs);
    else {
      this.#adaptive?.rate.accepted(nowMs);
      this.#adaptive?.concurrency.answered(nowMs - passage.startedMs, this.#counts.inFlight + 1, nowMs);
    }
    return this.#first.note(told);
  }

  #throttled(answers: readonly Answer[], { startedMs }: Passage, nowMs: number, pauseMs: number): void {
    this.#counts.throttled += answers.length;
    const asked = answers.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    // Who finds out the rate slows down by that; who does not has to wait as a whole.
    const elseMs = this.#adaptive === undefined ? pauseMs : 0;
    const resumeMs = nowMs + (asked.length > 0 ? Math.max(...asked) : elseMs);
    this.#gate.coolDown(resumeMs);
    this.#adaptive?.rate.throttled(nowMs, startedMs, resumeMs);
  }

  #down(answer: Answer, { stateNumber }: Passage, nowMs: number): RtnError | undefined {
    const hasOpened = this.#breaker.down(stateNumber, nowMs);
    if (hasOpened) this.#run.warn(`the provider is down (${answer.errorCode}); sending waits and probes it`);
    const downForMs = this.#breaker.downForMs(nowMs);
    if (downForMs < this.#options.giveUpAfterMs) return undefined;
    return new RtnError(
      'unavailable',
      `the provider has been down for ${Math.round(downForMs / 1_000)} s: ${answer.errorText ?? answer.errorCode}`,
      {
        details: { errorCode: answer.errorCode },
        next: 'start the same command again once the provider answers',
      },
    );
  }
}
