import { type Ranges, SEGMENT_SIZE, type StoredClaims, type StoredSegment } from '../pipeline/claims.js';

/**
 * Positions of a shard as a journal tells of them, in two bitmaps. Invariants: all positions below the watermark are
 * done, no segment below it is kept, and what is done stays done.
 */
export class PositionBits {
  readonly #segments = new Map<number, StoredSegment>();
  #watermark = 0;

  claim(ranges: Ranges): void {
    this.#change(ranges, ({ claimed }, first, last) => fill(claimed, first, last));
  }

  release(ranges: Ranges): void {
    this.#change(ranges, ({ claimed }, first, last) => empty(claimed, first, last));
  }

  finish(ranges: Ranges): void {
    this.#change(ranges, ({ done }, first, last) => fill(done, first, last));
    for (;;) {
      const index = this.#watermark / SEGMENT_SIZE;
      if (this.#segments.get(index)?.done.every((byte) => byte === 0xff) !== true) return;
      this.#segments.delete(index);
      this.#watermark += SEGMENT_SIZE;
    }
  }

  stored(): StoredClaims {
    const segments = [...this.#segments.values()].sort((a, b) => a.index - b.index);
    return { watermark: this.#watermark, segments };
  }

  #change(ranges: Ranges, change: (segment: StoredSegment, firstBit: number, lastBit: number) => void): void {
    for (const [first, last] of ranges) {
      for (let from = Math.max(first, this.#watermark); from <= last; ) {
        const index = Math.floor(from / SEGMENT_SIZE);
        const start = index * SEGMENT_SIZE;
        const to = Math.min(last, start + SEGMENT_SIZE - 1);
        change(this.#segment(index), from - start, to - start);
        from = to + 1;
      }
    }
  }

  #segment(index: number): StoredSegment {
    let segment = this.#segments.get(index);
    if (segment === undefined) {
      segment = { index, claimed: new Uint8Array(SEGMENT_SIZE / 8), done: new Uint8Array(SEGMENT_SIZE / 8) };
      this.#segments.set(index, segment);
    }
    return segment;
  }
}

function fill(bits: Uint8Array, first: number, last: number): void {
  eachByte(first, last, (byte, mask) => {
    bits[byte] = (bits[byte] ?? 0) | mask;
  });
}

function empty(bits: Uint8Array, first: number, last: number): void {
  eachByte(first, last, (byte, mask) => {
    bits[byte] = (bits[byte] ?? 0) & ~mask;
  });
}

/** Each byte that holds bits of the range, with those as a mask. */
function eachByte(first: number, last: number, change: (byte: number, mask: number) => void): void {
  for (let byte = first >> 3; byte <= last >> 3; byte++) {
    const low = byte === first >> 3 ? first & 7 : 0;
    const high = byte === last >> 3 ? last & 7 : 7;
    change(byte, (0xff << low) & (0xff >> (7 - high)));
  }
}
