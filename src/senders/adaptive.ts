export interface AdaptiveOptions {
  readonly min: number;
  readonly max: number;
}

/** A window is judged once it has this many answers, or as many as may be in flight. */
const LEAST_SAMPLE = 16;
/** The median may rise this far above the best one before it is taken for queueing at the provider. */
const TOLERANCE = 1.6;
const DECREASE = 0.85;
/** How much of the rate that throttled is kept, how long it is held, and how fast it is then tried to go beyond. */
const RATE_KEPT = 0.95;
const HOLD_MS = 20_000;
const RATE_STEP = 1.02;

/**
 * Finds out how many requests a provider takes at once: additive increase while answers come as fast as they did,
 * multiplicative decrease when their median rises (a queue has built up) or the provider throttles. Medians of whole
 * windows, so that jitter alone moves nothing. It begins at the least and doubles until the first decrease.
 *
 * Throttling is about a rate, not about a number in flight: what got through in the second before becomes a ceiling,
 * which is held for a while and then raised in small steps until the provider throttles again.
 */
export class Adaptive {
  readonly #min: number;
  readonly #max: number;
  #limit: number;
  #isStarting = true;
  #latencies: number[] = [];
  #bestMs = Number.POSITIVE_INFINITY;
  #wasFull = false;
  readonly #accepted = new RateMeter();
  #rate = Number.POSITIVE_INFINITY;
  #rateSetAtMs = 0;

  constructor({ min, max }: AdaptiveOptions) {
    this.#min = Math.max(1, Math.min(min, max));
    this.#max = max;
    this.#limit = this.#min;
  }

  /** Most requests in flight for now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Most requests a second for now; Infinity while the provider has never throttled. */
  rate(nowMs: number): number {
    const overdueS = (nowMs - this.#rateSetAtMs - HOLD_MS) / 1_000;
    return overdueS <= 0 ? this.#rate : this.#rate * RATE_STEP ** overdueS;
  }

  /** A request was answered. */
  answered(latencyMs: number, inFlight: number, nowMs: number): void {
    this.#accepted.add(nowMs);
    this.#wasFull ||= inFlight >= this.limit;
    this.#latencies.push(latencyMs);
    if (this.#latencies.length >= Math.max(LEAST_SAMPLE, this.limit)) this.#judgeWindow();
  }

  /** The provider asked to slow down. */
  throttled(nowMs: number): void {
    // Several answers to one burst are one event.
    if (nowMs - this.#rateSetAtMs < 1_000 && this.#rate !== Number.POSITIVE_INFINITY) return;
    this.#rate = Math.max(1, RATE_KEPT * Math.min(this.#accepted.rate(nowMs), this.rate(nowMs)));
    this.#rateSetAtMs = nowMs;
    this.#isStarting = false;
  }

  #judgeWindow(): void {
    const sorted = this.#latencies.sort((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    // The best one ages slowly: a link that has become slower for good is not a queue for ever.
    this.#bestMs = Math.min(medianMs, this.#bestMs * 1.01);
    if (medianMs > TOLERANCE * this.#bestMs + 1) this.#decrease();
    else if (this.#wasFull) this.#increase();
    this.#latencies = [];
    this.#wasFull = false;
  }

  #increase(): void {
    const step = this.#isStarting ? this.#limit : Math.max(1, Math.sqrt(this.#limit) / 2);
    this.#limit = Math.min(this.#max, this.#limit + step);
  }

  #decrease(): void {
    this.#isStarting = false;
    this.#limit = Math.max(this.#min, this.#limit * DECREASE);
  }
}

const SLOTS = 10;
const SLOT_MS = 100;

/** Counts events over the last second, in slots of a tenth. */
class RateMeter {
  readonly #counts = new Array<number>(SLOTS).fill(0);
  #slot = 0;
  #sinceMs: number | undefined;

  add(nowMs: number): void {
    this.#sinceMs ??= nowMs;
    this.#advance(nowMs);
    const index = this.#slot % SLOTS;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** Events a second; over less than a second where it has not counted that long. */
  rate(nowMs: number): number {
    this.#advance(nowMs);
    const spanMs = Math.min(SLOTS * SLOT_MS, Math.max(SLOT_MS, nowMs - (this.#sinceMs ?? nowMs)));
    return (this.#counts.reduce((sum, count) => sum + count, 0) * 1_000) / spanMs;
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++)
      this.#counts[next % SLOTS] = 0;
    this.#slot = Math.max(this.#slot, slot);
  }
}
