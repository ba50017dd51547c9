import { RtnError } from '../error.js';
import type { SendResult } from './record.js';

/** Results that are looked back on. */
const WINDOW = 1_000;

/** Fewer results than this say nothing. */
const LEAST_SAMPLE = 100;

/** Error codes that a message names. */
const TOP_CODES = 3;

export interface ThresholdOptions {
  /** Share of results that may be `failed` or `unknown`, 0 to 1; undefined for any. */
  readonly maxFailedRatio?: number | undefined;
  /** Share of results that may be `rejected`. */
  readonly maxRejectedRatio?: number | undefined;
}

type Kind = 'failed' | 'rejected';

interface Noted {
  readonly kind: Kind;
  readonly errorCode: string;
}

/**
 * How much may go wrong, over a sliding window: the last 1,000 results in the order in which they become durable, from
 * the hundredth on.
 */
export class Thresholds {
  readonly #max: Readonly<Record<Kind, number>>;
  /** A ring; null stands for a result with which nothing is wrong. */
  readonly #window: (Noted | null)[] = [];
  readonly #counts: Record<Kind, number> = { failed: 0, rejected: 0 };
  #next = 0;

  constructor({ maxFailedRatio = 1, maxRejectedRatio = 1 }: ThresholdOptions) {
    this.#max = { failed: maxFailedRatio, rejected: maxRejectedRatio };
  }

  /** Takes note of durable results; gives the error that ends the run when too many of the last ones went wrong. */
  note(results: readonly SendResult[]): RtnError | undefined {
    for (const result of results) {
      this.#push(notedOf(result));
      if (this.#window.length < LEAST_SAMPLE) continue;
      for (const kind of ['failed', 'rejected'] as const) {
        if (this.#counts[kind] > this.#max[kind] * this.#window.length) return this.#error(kind);
      }
    }
    return undefined;
  }

  #push(noted: Noted | null): void {
    const old = this.#window[this.#next];
    if (old) this.#counts[old.kind]--;
    this.#window[this.#next] = noted;
    if (noted !== null) this.#counts[noted.kind]++;
    this.#next = (this.#next + 1) % WINDOW;
  }

  #error(kind: Kind): RtnError {
    const ratio = this.#counts[kind] / this.#window.length;
    const codes = this.#topCodes(kind);
    const said = codes.map(([code, count]) => `${code} (${count})`).join(', ');
    const message = `${percent(ratio)} of the last ${this.#window.length} results ${kind === 'failed' ? 'failed' : 'were rejected'}, more than the ${percent(this.#max[kind])} of max_${kind}_ratio: ${said}`;
    const next =
      kind === 'failed'
        ? 'start again once the provider answers as it should; error_code and error_text of the log tell more'
        : 'mend the input, or what the operation makes of it; error_code and error_text of the log tell more';
    return new RtnError(kind === 'failed' ? 'unavailable' : 'data', message, {
      details: { ratio, window: this.#window.length, errorCodes: Object.fromEntries(codes) },
      next,
    });
  }

  #topCodes(kind: Kind): [string, number][] {
    const counts = new Map<string, number>();
    for (const noted of this.#window)
      if (noted?.kind === kind) counts.set(noted.errorCode, (counts.get(noted.errorCode) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a).slice(0, TOP_CODES);
  }
}

function notedOf({ outcome, errorCode }: SendResult): Noted | null {
  if (outcome === 'rejected') return { kind: 'rejected', errorCode: errorCode ?? 'rejected' };
  return outcome === 'failed' || outcome === 'unknown'
    ? { kind: 'failed', errorCode: errorCode ?? outcome }
    : null;
}

/** 0.3127 as 31.3 %. */
function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
