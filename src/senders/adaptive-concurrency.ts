export interface AdaptiveConcurrencyOptions {
  readonly min: number;
  readonly max: number;
}

/** How far above the number that just fills the provider it goes: room to notice that more would be taken. */
const GAIN = 1.2;
/** Answers in a round, besides those that the number in flight asks for. */
const LEAST_SAMPLE = { starting: 16, settled: 50 } as const;
/** While it starts, the number doubles until answers take this much longer than the fastest round. */
const START_ENDS_AT = 1.5;
/** Every so many rounds one with fewer in flight measures again how long an answer takes without a queue. */
const MEASURE = { everyRounds: 20, share: 0.75 } as const;

/**
 * Finds out how many requests a provider takes at once. After each round of answers the limit becomes `GAIN` times the
 * number that would just keep the provider busy, which by Little's law is what it gets done times how long it takes
 * without a queue: limit x unloaded latency / latency. So it grows while answers come as fast as ever, and rests a little
 * above the knee where more in flight only wait longer. It begins at the least and doubles until the first queue.
 *
 * The scheme is that of BBR (Cardwell et al., ACM Queue 14/5, 2016) with medians of rounds for its minima, since jitter is
 * no queue; in this form also the gradient limit of Netflix's concurrency-limits. The unloaded latency is measured anew
 * now and then (BBR's ProbeRTT), and taken to have changed when fewer in flight make answers no faster.
 */
export class AdaptiveConcurrency {
  readonly #min: number;
  readonly #max: number;
  #limit: number;
  #isStarting = true;
  #unloadedMs = Number.POSITIVE_INFINITY;
  #roundStartMs = Number.NEGATIVE_INFINITY;
  #latencies: number[] = [];
  #wasFull = false;
  #rounds = 0;
  /** The limit to go back to after a round that measures. */
  #limitBefore: number | undefined;
  /** Limit and latency at the first sign of the present queue. */
  #queue: { readonly limit: number; readonly latencyMs: number } | undefined;

  constructor({ min, max }: AdaptiveConcurrencyOptions) {
    this.#min = Math.max(1, Math.min(min, max));
    this.#max = max;
    this.#limit = this.#min;
  }

  /** Most requests in flight for now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** A request was answered, `inFlight` with it counted. Those that left before the round say nothing of its limit. */
  answered(latencyMs: number, inFlight: number, nowMs: number): void {
    if (nowMs - latencyMs < this.#roundStartMs) return;
    this.#wasFull ||= inFlight >= this.limit;
    const count = this.#latencies.push(latencyMs);
    const least = this.#isStarting ? LEAST_SAMPLE.starting : LEAST_SAMPLE.settled;
    if (count < Math.max(least, 2 * this.limit)) return;
    const medianMs = this.#latencies.sort((a, b) => a - b)[count >> 1] ?? 0;
    if (this.#limitBefore !== undefined) this.#measured(medianMs, this.#limitBefore);
    // What was not filled is neither too much nor too little.
    else if (this.#wasFull) this.#judge(medianMs);
    this.#latencies = [];
    this.#wasFull = false;
    this.#roundStartMs = nowMs;
  }

  #measured(medianMs: number, limitBefore: number): void {
    this.#unloadedMs = medianMs;
    this.#limit = limitBefore;
    this.#limitBefore = undefined;
  }

  #judge(medianMs: number): void {
    this.#learn(medianMs);
    const slowdown = medianMs / this.#unloadedMs;
    if (slowdown > START_ENDS_AT) this.#isStarting = false;
    const limit = this.#limit * (this.#isStarting ? 2 : GAIN / slowdown);
    if (limit >= this.#limit) this.#queue = undefined;
    else this.#queue ??= { limit: this.#limit, latencyMs: medianMs };
    this.#limit = Math.min(this.#max, Math.max(this.#min, limit));
    if (this.#isStarting || ++this.#rounds % MEASURE.everyRounds > 0) return;
    this.#limitBefore = this.#limit;
    this.#limit = Math.max(this.#min, MEASURE.share * this.#limit);
  }

  #learn(medianMs: number): void {
    if (this.#unloadedMs === Number.POSITIVE_INFINITY) this.#unloadedMs = medianMs;
    // Halfway: the least of many medians would be an accident.
    if (medianMs < this.#unloadedMs) this.#unloadedMs = (this.#unloadedMs + medianMs) / 2;
    if (this.#queue === undefined) return;
    const share = this.#limit / this.#queue.limit;
    const isQueue = medianMs <= (this.#queue.latencyMs * (1 + share)) / 2;
    if (share > MEASURE.share || isQueue) return;
    // Fewer wait and answers take as long: it is the link that has become slower.
    this.#unloadedMs = medianMs;
    this.#isStarting = true;
  }
}
