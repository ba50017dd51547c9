import type { Delivery } from './delivery.js';

export interface BatchLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly lingerMs: number;
}

/** A batch while it fills. */
export class OpenBatch {
  readonly deliveries: Delivery[] = [];
  readonly #limits: BatchLimits;
  readonly #matches = new Set<string>();
  #bytes = 0;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.deliveries.length;
  }

  get isFull(): boolean {
    return this.size >= this.#limits.maxItems || this.#bytes >= this.#limits.maxBytes;
  }

  /** Until when it waits for more; Infinity while it is empty. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** False when it does not fit: too many bytes, or its answer could not be told from another's. */
  add(delivery: Delivery, bytes: number, match: string | null, nowMs: number): boolean {
    if (this.size === 0) this.#untilMs = nowMs + this.#limits.lingerMs;
    else if (this.#bytes + bytes > this.#limits.maxBytes) return false;
    if (match !== null && this.#matches.has(match)) return false;
    if (match !== null) this.#matches.add(match);
    this.#bytes += bytes;
    this.deliveries.push(delivery);
    return true;
  }
}
