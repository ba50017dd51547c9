import type { SendResult } from './record.js';

/** Positions of one segment. A segment is what stores keep and write as a whole: two bitmaps of a kibibyte. */
export const SEGMENT_SIZE = 8_192;
const SEGMENT_BYTES = SEGMENT_SIZE / 8;

/** The bitmaps of one segment as a store keeps them: bit `position % SEGMENT_SIZE`, lowest bit of a byte first. */
export interface StoredSegment {
  readonly index: number;
  /** Positions that were claimed: may have been sent, unless they are done. */
  readonly claimed: Uint8Array;
  /** Positions whose result is durable. */
  readonly done: Uint8Array;
}

/** What a store knows of a shard's positions. All of those below `watermark` are done; no segment below it is kept. */
export interface StoredClaims {
  /** A multiple of SEGMENT_SIZE. */
  readonly watermark: number;
  readonly segments: readonly StoredSegment[];
}

/** One bitmap of a segment, as it stands now. */
export interface Bitmap {
  readonly index: number;
  readonly bits: Uint8Array;
}

/** Positions from the first to the last, both included, in ascending order and apart. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** A claim to be made durable before its messages are sent: as ranges, and as the whole bitmaps that hold them. */
export interface ClaimChange {
  readonly claimed: readonly Bitmap[];
  readonly ranges: Ranges;
}

/** What a write of results changes, to be made durable with them, in one transaction where the store has those. */
export interface DoneChange {
  readonly done: readonly Bitmap[];
  readonly ranges: Ranges;
  readonly watermark: number;
  /** Claims among them that this ends. */
  readonly closed: number;
  /** How the positions ended that were not sent, those below the watermark too. */
  readonly unsent: readonly Unsent[];
}

/** A position whose result is durable and is not `sent`. `reason` is the class of the last answer, or the outcome. */
export interface Unsent {
  readonly position: number;
  readonly reason: string;
}

interface Segment {
  readonly claimed: Uint8Array;
  readonly done: Uint8Array;
  doneCount: number;
}

/**
 * Which positions of a shard are done, which are claimed, and which nobody has touched, in memory: two bits a position.
 * A position is *free*, then *claimed* (its message may be on its way), then *done* (its result is durable); one that is
 * rejected without being sent goes from free to done. After a crash those that are claimed and not done are in doubt.
 * Segments that are done to the last position are dropped, in order, and the watermark rises.
 */
export class Claims {
  readonly #segments = new Map<number, Segment>();
  #watermark = 0;
  #open = 0;
  #end = 0;

  constructor(stored?: StoredClaims) {
    if (stored === undefined) return;
    this.#watermark = stored.watermark;
    this.#end = stored.watermark;
    for (const { index, claimed, done } of stored.segments) {
      const segment = { claimed: whole(claimed), done: whole(done), doneCount: 0 };
      this.#segments.set(index, segment);
      for (let bit = 0; bit < SEGMENT_SIZE; bit++) {
        const isDone = has(segment.done, bit);
        if (isDone) segment.doneCount++;
        else if (has(segment.claimed, bit)) this.#open++;
        if (isDone || has(segment.claimed, bit))
          this.#end = Math.max(this.#end, index * SEGMENT_SIZE + bit + 1);
      }
    }
  }

  /** All positions below it are done. */
  get watermark(): number {
    return this.#watermark;
  }

  /** Positions that are claimed and not done. */
  get open(): number {
    return this.#open;
  }

  /** One more than the highest position that was claimed or is done. */
  get end(): number {
    return this.#end;
  }

  /** Takes note that nothing below is asked for: a shard begins there. */
  startAt(position: number): void {
    const watermark = Math.floor(position / SEGMENT_SIZE) * SEGMENT_SIZE;
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#end = Math.max(this.#end, watermark);
  }

  /** Takes note that these were decided elsewhere: they are done. */
  decide(positions: readonly number[]): void {
    for (const position of positions) {
      if (!this.isOpen(position)) continue;
      const segment = this.#segment(Math.floor(position / SEGMENT_SIZE));
      put(segment.done, position % SEGMENT_SIZE);
      segment.doneCount++;
      this.#open--;
    }
  }

  isDone(position: number): boolean {
    if (position < this.#watermark) return true;
    const segment = this.#segments.get(Math.floor(position / SEGMENT_SIZE));
    return segment !== undefined && has(segment.done, position % SEGMENT_SIZE);
  }

  /** Whether it is claimed and not done. */
  isOpen(position: number): boolean {
    if (position < this.#watermark) return false;
    const segment = this.#segments.get(Math.floor(position / SEGMENT_SIZE));
    const bit = position % SEGMENT_SIZE;
    return segment !== undefined && has(segment.claimed, bit) && !has(segment.done, bit);
  }

  /** The positions that are claimed and not done, in ascending order. */
  *openPositions(): Generator<number> {
    for (const index of [...this.#segments.keys()].sort((a, b) => a - b)) {
      const segment = this.#segments.get(index);
      if (segment === undefined) continue;
      for (let bit = 0; bit < SEGMENT_SIZE; bit++)
        if (has(segment.claimed, bit) && !has(segment.done, bit)) yield index * SEGMENT_SIZE + bit;
    }
  }

  /** Claims positions that are free. */
  claim(positions: readonly number[]): ClaimChange {
    const touched = new Set<number>();
    for (const position of positions) {
      const index = Math.floor(position / SEGMENT_SIZE);
      const { claimed } = this.#segment(index);
      if (!has(claimed, position % SEGMENT_SIZE)) this.#open++;
      put(claimed, position % SEGMENT_SIZE);
      this.#end = Math.max(this.#end, position + 1);
      touched.add(index);
    }
    return { claimed: this.#bitmaps(touched, 'claimed'), ranges: rangesOf(positions) };
  }

  /** Takes back the claims of all positions that are not done, but those that `isKept`: nothing of them was sent. */
  release(isKept: (position: number) => boolean = () => false): ClaimChange & { readonly released: Ranges } {
    const touched = new Set<number>();
    const released: number[] = [];
    for (const position of this.openPositions()) {
      if (isKept(position)) continue;
      const index = Math.floor(position / SEGMENT_SIZE);
      clear(this.#segment(index).claimed, position % SEGMENT_SIZE);
      touched.add(index);
      released.push(position);
    }
    this.#open -= released.length;
    return { claimed: this.#bitmaps(touched, 'claimed'), ranges: [], released: rangesOf(released) };
  }

  /** Takes note that these results are durable, or will be when the change is; the same results again change nothing. */
  settle(results: readonly Pick<SendResult, 'position' | 'outcome' | 'reason'>[]): DoneChange {
    const touched = new Set<number>();
    const positions: number[] = [];
    const unsent: Unsent[] = [];
    const openBefore = this.#open;
    for (const { position, outcome, reason } of results) {
      positions.push(position);
      if (outcome !== 'sent') unsent.push({ position, reason: reason ?? outcome });
      if (position < this.#watermark) continue;
      const index = Math.floor(position / SEGMENT_SIZE);
      const segment = this.#segment(index);
      const bit = position % SEGMENT_SIZE;
      touched.add(index);
      if (has(segment.done, bit)) continue;
      put(segment.done, bit);
      segment.doneCount++;
      if (has(segment.claimed, bit)) this.#open--;
      this.#end = Math.max(this.#end, position + 1);
    }
    const done = this.#bitmaps(touched, 'done');
    this.#fold();
    const isKept = ({ index }: Bitmap) => index * SEGMENT_SIZE >= this.#watermark;
    return {
      done: done.filter(isKept),
      ranges: rangesOf(positions),
      watermark: this.#watermark,
      closed: openBefore - this.#open,
      unsent,
    };
  }

  #fold(): void {
    for (;;) {
      const index = this.#watermark / SEGMENT_SIZE;
      if (this.#segments.get(index)?.doneCount !== SEGMENT_SIZE) return;
      this.#segments.delete(index);
      this.#watermark += SEGMENT_SIZE;
    }
  }

  #segment(index: number): Segment {
    let segment = this.#segments.get(index);
    if (segment === undefined) {
      segment = { claimed: new Uint8Array(SEGMENT_BYTES), done: new Uint8Array(SEGMENT_BYTES), doneCount: 0 };
      this.#segments.set(index, segment);
    }
    return segment;
  }

  /** Copies: a store may still be writing them when the next change comes. */
  #bitmaps(indexes: ReadonlySet<number>, which: 'claimed' | 'done'): Bitmap[] {
    return [...indexes].map((index) => ({ index, bits: this.#segment(index)[which].slice() }));
  }
}

function whole(bits: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_BYTES);
  bytes.set(bits.subarray(0, SEGMENT_BYTES));
  return bytes;
}

function has(bits: Uint8Array, bit: number): boolean {
  return (((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
}

function put(bits: Uint8Array, bit: number): void {
  bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
}

function clear(bits: Uint8Array, bit: number): void {
  bits[bit >> 3] = (bits[bit >> 3] ?? 0) & ~(1 << (bit & 7));
}

/** Positions in any order as ascending ranges. */
export function rangesOf(positions: readonly number[]): Ranges {
  const ranges: [number, number][] = [];
  const sorted = isAscending(positions) ? positions : Float64Array.from(positions).sort();
  for (const position of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && position <= last[1] + 1) last[1] = Math.max(last[1], position);
    else ranges.push([position, position]);
  }
  return ranges;
}

function isAscending(positions: readonly number[]): boolean {
  for (let index = 1; index < positions.length; index++)
    if ((positions[index] ?? 0) < (positions[index - 1] ?? 0)) return false;
  return true;
}
