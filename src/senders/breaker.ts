export interface BreakerOptions {
  /** Answers of a provider that is down, in a row, after which nothing more is sent; 0 for never. */
  readonly failures: number;
  /** Pause before the first probe. It doubles with each probe that fails, up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

/**
 * A circuit breaker. States: *closed* (requests pass), *open* (nothing passes until the pause is over), *half-open* (one
 * request, the probe, is under way; its answer closes the breaker or opens it for twice as long).
 *
 * Down is a provider that cannot be reached or answers with a server error. Any other answer says that it is there and
 * closes the breaker, whenever the request left. That it is down is only believed of requests that left in the state it
 * is in now: each state has a number, and each request keeps that of its departure.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  #stateNumber = 0;
  #failures = 0;
  #pauseMs: number;
  #openUntilMs = 0;
  #downSinceMs = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    return this.#state;
  }

  /** How long the next request has to wait; Infinity while the probe is under way. */
  delayMs(nowMs: number): number {
    if (this.#state === 'closed') return 0;
    return this.#state === 'half-open' ? Number.POSITIVE_INFINITY : Math.max(0, this.#openUntilMs - nowMs);
  }

  /** How long it has been open without a sign of life. */
  downForMs(nowMs: number): number {
    return this.#state === 'closed' ? 0 : nowMs - this.#downSinceMs;
  }

  /** Takes note that a request leaves: gives the number to hand back with its answer, and whether it is the probe. */
  pass(): { readonly stateNumber: number; readonly isProbe: boolean } {
    const isProbe = this.#state === 'open';
    if (isProbe) this.#enter('half-open');
    return { stateNumber: this.#stateNumber, isProbe };
  }

  /** The provider answered, whatever it said. */
  up(): void {
    this.#failures = 0;
    if (this.#state === 'closed') return;
    this.#pauseMs = this.#options.pauseMs;
    this.#enter('closed');
  }

  /** The provider is down. True when this opened the breaker for the first time. */
  down(stateNumber: number, nowMs: number): boolean {
    if (stateNumber !== this.#stateNumber || this.#options.failures === 0) return false;
    const isProbe = this.#state === 'half-open';
    if (isProbe) this.#pauseMs = Math.min(2 * this.#pauseMs, this.#options.maxPauseMs);
    else if (++this.#failures < this.#options.failures) return false;
    else this.#downSinceMs = nowMs;
    this.#openUntilMs = nowMs + this.#pauseMs;
    this.#enter('open');
    return !isProbe;
  }

  /** The request did not leave after all: another one is to be the probe. */
  withdraw(stateNumber: number): void {
    if (this.#state === 'half-open' && stateNumber === this.#stateNumber) this.#enter('open');
  }

  #enter(state: 'closed' | 'open' | 'half-open'): void {
    this.#state = state;
    this.#stateNumber++;
  }
}
