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
 * Down is a provider that cannot be reached or answers with a server error. Any other answer says that it is there.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #pauseMs: number;
  #openUntilMs: number | undefined;
  #openedAtMs = 0;
  #isProbing = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs;
  }

  get isClosed(): boolean {
    return this.#openUntilMs === undefined;
  }

  /** How long the next request has to wait; Infinity while the probe is under way. */
  delayMs(nowMs: number): number {
    if (this.#openUntilMs === undefined) return 0;
    return this.#isProbing ? Number.POSITIVE_INFINITY : Math.max(0, this.#openUntilMs - nowMs);
  }

  /** How long it has been open without a sign of life. */
  openForMs(nowMs: number): number {
    return this.#openUntilMs === undefined ? 0 : nowMs - this.#openedAtMs;
  }

  /** Takes note that a request leaves; true when it is the probe, which counts as no attempt. */
  pass(): boolean {
    if (this.#openUntilMs === undefined) return false;
    this.#isProbing = true;
    return true;
  }

  /** The provider answered, whatever it said. */
  up(): void {
    this.#failures = 0;
    this.#isProbing = false;
    this.#openUntilMs = undefined;
    this.#pauseMs = this.#options.pauseMs;
  }

  /** The provider is down; answers to requests from before it opened say nothing new. True when this opened it. */
  down(isProbe: boolean, nowMs: number): boolean {
    const { failures, maxPauseMs } = this.#options;
    if (failures === 0) return false;
    if (this.#openUntilMs !== undefined) {
      if (!isProbe) return false;
      this.#isProbing = false;
      this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
      this.#openUntilMs = nowMs + this.#pauseMs;
      return false;
    }
    if (++this.#failures < failures) return false;
    this.#openedAtMs = nowMs;
    this.#openUntilMs = nowMs + this.#pauseMs;
    return true;
  }
}
