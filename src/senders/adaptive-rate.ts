/** The share that is given up at a cut, and the least rate: below it nothing could be learnt any more. */
const CUT = 0.05;
const LEAST_PER_SECOND = 1;
/** How long after a cut the rate is back where it was throttled: short while little is known, then ever longer. */
const PLATEAU = { leastMs: 2_000, growth: 4, mostMs: 32_000 } as const;
/** A provider that counts by the second goes on throttling for the rest of it, whatever the rate is now. */
const ECHO_MS = 1_000;
/** Throttled again so soon after a cut: the ceiling held what the provider had saved up, and is too high. */
const SOON_MS = 4_000;
/** Less than this share throttled in the last second is about single recipients, or about to end by itself. */
const LEAST_SHARE = 0.02;
/**
 * With one request in flight the pause after a throttled one already holds everything back. While no ceiling is known,
 * only a larger share of the last requests than this says that pauses do not suffice: a smaller one may have nothing to
 * do with the rate, and would lower it again and again for nothing.
 */
const SERIAL = { share: 0.25, most: 32, least: 8 } as const;

/**
 * Finds out the rate that a provider accepts without throttling. What got through when it throttled is the ceiling; from
 * 5 % below it the rate climbs back, rests at the ceiling and then goes ever faster beyond it, until the provider
 * throttles again. The curve is that of CUBIC (RFC 9438, section 4.2), which the adaptive mode of the AWS SDKs applies to
 * rates as well; shallower here, since a rate that is known well needs no deep cuts.
 */
export class AdaptiveRate {
  readonly #recent: RecentShare | undefined;
  readonly #accepted = new RateMeter();
  readonly #throttled = new RateMeter();
  #ceiling = Number.POSITIVE_INFINITY;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  /** When requests left again after the last cut: later than it where the provider asked for a pause. */
  #resumedAtMs = Number.NEGATIVE_INFINITY;
  #plateauMs: number = PLATEAU.leastMs;

  /** `isSerial`: one request in flight, and a pause after each that is throttled. */
  constructor({ isSerial = false } = {}) {
    this.#recent = isSerial ? new RecentShare() : undefined;
  }

  /** Most requests a second for now; Infinity while the provider has never throttled. */
  perSecond(nowMs: number): number {
    if (this.#ceiling === Number.POSITIVE_INFINITY) return this.#ceiling;
    const beyond = Math.max(0, nowMs - this.#resumedAtMs) / this.#plateauMs - 1;
    return Math.max(LEAST_PER_SECOND, this.#ceiling * (1 + CUT * beyond ** 3));
  }

  /** A request got through. */
  accepted(nowMs: number): void {
    this.#accepted.add(nowMs);
    this.#recent?.add(false);
  }

  /** The provider throttled a request that left at `leftAtMs` and asked for nothing else to leave before `resumeMs`. */
  throttled(nowMs: number, leftAtMs: number, resumeMs: number): void {
    this.#throttled.add(nowMs);
    this.#recent?.add(true);
    if (leftAtMs < this.#cutAtMs + ECHO_MS) return;
    if (this.#isSlight(nowMs, resumeMs > nowMs)) return;
    const isSoon = leftAtMs < this.#resumedAtMs + SOON_MS;
    // Nothing grows from 0, which is what is measured where nothing was asked for before.
    const ceiling = Math.max(LEAST_PER_SECOND, this.#newCeiling(nowMs, isSoon));
    const isFound = ceiling > LEAST_PER_SECOND && ceiling >= 0.8 * this.#ceiling;
    if (!isFound) this.#plateauMs = PLATEAU.leastMs;
    else if (!isSoon) this.#plateauMs = Math.min(PLATEAU.growth * this.#plateauMs, PLATEAU.mostMs);
    this.#ceiling = ceiling;
    this.#cutAtMs = nowMs;
    this.#resumedAtMs = resumeMs;
  }

  #isSlight(nowMs: number, isPauseAsked: boolean): boolean {
    if (this.#recent !== undefined && !this.#isKnown(nowMs)) return this.#recent.share <= SERIAL.share;
    const throttled = this.#throttled.perSecond(nowMs);
    // A provider that asks for a pause means all requests.
    return !isPauseAsked && throttled < LEAST_SHARE * (throttled + this.#accepted.perSecond(nowMs));
  }

  /** Far beyond the ceiling nobody throttled: it holds no more. */
  #isKnown(nowMs: number): boolean {
    return this.#ceiling < Number.POSITIVE_INFINITY && this.perSecond(nowMs) <= 2 * this.#ceiling;
  }

  #newCeiling(nowMs: number, isSoon: boolean): number {
    // While it still grew fast the mean lags behind. Too high is mended soon, too low is not.
    if (this.#ceiling === Number.POSITIVE_INFINITY) return this.#accepted.peakPerSecond(nowMs);
    const perSecond = this.perSecond(nowMs);
    if (!isSoon) return Math.min(perSecond, this.#accepted.perSecond(nowMs));
    const lowered = (1 - CUT) * perSecond;
    // What was counted during a pause says nothing.
    return nowMs - this.#resumedAtMs < SLOTS * SLOT_MS
      ? lowered
      : Math.min(lowered, this.#accepted.perSecond(nowMs));
  }
}

/** The share of the last requests that were throttled; of few requests as if more had got through. */
class RecentShare {
  readonly #isThrottled: boolean[] = [];

  add(isThrottled: boolean): void {
    this.#isThrottled.push(isThrottled);
    if (this.#isThrottled.length > SERIAL.most) this.#isThrottled.shift();
  }

  get share(): number {
    return this.#isThrottled.filter(Boolean).length / Math.max(SERIAL.least, this.#isThrottled.length);
  }
}

const SLOT_MS = 100;
const SLOTS = 10;

/** Counts the events of the last second in slots of a tenth. */
class RateMeter {
  readonly #counts = new Array<number>(SLOTS).fill(0);
  #slot = 0;

  add(nowMs: number): void {
    this.#advance(nowMs);
    const index = this.#slot % SLOTS;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    // The slot of now has only begun.
    return (sum * 1_000) / (nowMs - (this.#slot - SLOTS + 1) * SLOT_MS || 1);
  }

  peakPerSecond(nowMs: number): number {
    this.#advance(nowMs);
    return (Math.max(...this.#counts) * 1_000) / SLOT_MS;
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++)
      this.#counts[next % SLOTS] = 0;
    this.#slot = Math.max(this.#slot, slot);
  }
}
