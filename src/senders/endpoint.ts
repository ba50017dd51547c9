import { RtnError } from '../error.js';
import type { Answer, Run, SendingState } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import type { LiveControl } from '../pipeline/live-control.js';
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
  /** Whether the limit of requests in flight is found out while sending. */
  readonly isAdaptive: boolean;
  readonly minConcurrency: number;
  readonly breakerFailures: number;
  readonly breakerPauseMs: number;
  readonly maxBackoffMs: number;
  /** How long the provider may be down, or throttle everything, before the run stops. */
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
 * What all requests to one provider share, whoever makes them: the rate (declared, and found out once the provider
 * throttles) and the cool-down, the circuit breaker, the
 * guard of the beginning, and how many may be in flight.
 */
export class Endpoint implements SendingState {
  readonly #options: EndpointOptions;
  readonly #run: Run;
  readonly #counts: Counts;
  readonly #live: LiveControl | undefined;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #first = new FirstAnswers();
  readonly #rate: AdaptiveRate;
  #throttledSinceMs: number | undefined;
  readonly #concurrency: AdaptiveConcurrency | undefined;

  constructor(options: EndpointOptions, run: Run, counts: Counts, live?: LiveControl) {
    this.#live = live;
    this.#options = options;
    this.#run = run;
    this.#counts = counts;
    this.#gate = new Gate(options.rateLimit / run.shards);
    this.#rate = new AdaptiveRate({ isSerial: options.concurrency === 1 && !options.isAdaptive });
    this.#breaker = new Breaker({
      failures: options.breakerFailures,
      pauseMs: options.breakerPauseMs,
      maxPauseMs: Math.max(options.breakerPauseMs, options.maxBackoffMs),
    });
    this.#concurrency = options.isAdaptive
      ? new AdaptiveConcurrency({ min: options.minConcurrency, max: options.concurrency })
      : undefined;
    run.watch?.(this);
  }

  get breaker(): SendingState['breaker'] {
    return this.#breaker.state;
  }

  waitMs(nowMs: number): number {
    return this.#gate.delayMs(nowMs);
  }

  /** Most requests in flight for now. */
  get limit(): number {
    return Math.min(
      this.#options.concurrency,
      this.#first.limit,
      this.#concurrency?.limit ?? this.#options.concurrency,
    );
  }

  /** How long the next request has to wait: 0 when it may leave now, Infinity when an answer has to come first, or a person. */
  delayMs(nowMs: number): number {
    if (this.#live?.isPaused) return Number.POSITIVE_INFINITY;
    return Math.max(this.#gate.delayMs(nowMs), this.#breaker.delayMs(nowMs));
  }

  /** Takes note that a request leaves now. */
  pass(nowMs: number): Passage {
    this.#gate.declare(this.#live?.ratePerSecond ?? this.#options.rateLimit / this.#run.shards);
    this.#gate.hold(this.#rate.perSecond(nowMs));
    this.#gate.pass(nowMs);
    const { stateNumber, isProbe } = this.#breaker.pass();
    return { startedMs: nowMs, stateNumber, isProbe };
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
    if (answer.class === 'sent' && told.length === 1 && told[0] === answer) {
      this.#sent(passage, nowMs);
      return undefined;
    }
    if (isUnsendable(answer)) {
      this.#breaker.withdraw(passage.stateNumber);
      return undefined;
    }
    if (isDown(answer)) return this.#down(answer, passage, nowMs);
    this.#breaker.up();
    const throttled = told.filter((each) => each.class === 'throttled');
    if (throttled.length > 0) this.#throttled(throttled, passage, nowMs, pauseMs);
    else this.#accepted(passage, nowMs);
    return this.#first.note(told) ?? this.#throttledOnly(throttled.length === told.length, nowMs);
  }

  /** What `answered` comes to for most requests of a run: one message, sent. */
  #sent(passage: Passage, nowMs: number): void {
    this.#breaker.up();
    this.#accepted(passage, nowMs);
    this.#first.sent();
    this.#throttledSinceMs = undefined;
  }

  #accepted({ startedMs }: Passage, nowMs: number): void {
    this.#rate.accepted(nowMs);
    this.#concurrency?.answered(nowMs - startedMs, this.#counts.inFlight + 1, nowMs);
  }

  #throttled(answers: readonly Answer[], { startedMs }: Passage, nowMs: number, pauseMs: number): void {
    this.#counts.throttled += answers.length;
    const asked = answers.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    const askedMs = asked.length > 0 ? Math.max(...asked) : 0;
    this.#rate.throttled(nowMs, startedMs, nowMs + askedMs);
    // With as many in flight as the provider takes the lower rate is enough; with any number all of them have to wait.
    const elseMs = this.#concurrency === undefined ? pauseMs : 0;
    this.#gate.coolDown(nowMs + (askedMs || elseMs));
  }

  /** A quota that is used up: each message would be failed in its turn. */
  #throttledOnly(isThrottled: boolean, nowMs: number): RtnError | undefined {
    if (isThrottled) this.#throttledSinceMs ??= nowMs;
    else this.#throttledSinceMs = undefined;
    const forMs = nowMs - (this.#throttledSinceMs ?? nowMs);
    if (forMs < this.#options.giveUpAfterMs) return undefined;
    return new RtnError(
      'temporary',
      `the provider has taken nothing and asked to slow down for ${Math.round(forMs / 1_000)} s`,
      { next: 'start the same command again later, or ask the provider for a higher quota' },
    );
  }

  #down(answer: Answer, { stateNumber }: Passage, nowMs: number): RtnError | undefined {
    const hasOpened = this.#breaker.down(stateNumber, nowMs);
    if (hasOpened) {
      this.#counts.breakerPauses++;
      this.#run.warn(`the provider is down (${answer.errorCode}); sending waits and probes it`);
    }
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
