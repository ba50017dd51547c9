/** Where a text quotes something else. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Fewer characters before the place where a text was cut say nothing. */
const LEAST_CUT = 4;

/** A text that may quote others, whole or in part. Made to be asked about many. */
export class Quotations {
  readonly #text: string;
  /** Where each run of so many characters stands, by that number. */
  readonly #grams = new Map<number, ReadonlyMap<string, readonly number[]>>();

  constructor(text: string) {
    this.#text = text;
  }

  /** Where another text stands in it as a whole. */
  *whole(other: string): Iterable<Span> {
    if (other === '') return;
    for (let at = this.#text.indexOf(other); at >= 0; at = this.#text.indexOf(other, at + other.length))
      yield { start: at, end: at + other.length };
  }

  /** Where `least` characters in a row of another text stand in it; a longer part is several of these. */
  *parts(other: string, least: number): Iterable<Span> {
    if (this.#text.length < least || other.length < least) return;
    const probe = Math.ceil((least * 3) / 4);
    const [probes, positions] = [this.#positionsOf(probe), this.#positionsOf(least)];
    const seen = new Set<string>();
    // Every part has one of these probes in it, and most texts have none of them.
    const stride = least - probe + 1;
    for (let at = 0; at + probe <= other.length; at += stride) {
      if (!probes.has(other.slice(at, at + probe))) continue;
      for (let start = Math.max(0, at - stride + 1); start <= at; start++) {
        const part = other.slice(start, start + least);
        if (seen.has(part)) continue;
        seen.add(part);
        for (const position of positions.get(part) ?? []) yield { start: position, end: position + least };
      }
    }
  }

  /** Where another text begins and is cut off by the end of this one, which then ends with `…`. */
  cut(other: string): Span | undefined {
    const end = this.#text.length - 1;
    if (this.#text[end] !== '…') return undefined;
    for (let length = Math.min(other.length, end); length >= LEAST_CUT; length--) {
      if (this.#text.endsWith(other.slice(0, length), end)) return { start: end - length, end };
    }
    return undefined;
  }

  #positionsOf(length: number): ReadonlyMap<string, readonly number[]> {
    const known = this.#grams.get(length);
    if (known !== undefined) return known;
    const positions = new Map<string, number[]>();
    for (let at = 0; at + length <= this.#text.length; at++) {
      const gram = this.#text.slice(at, at + length);
      const others = positions.get(gram);
      if (others === undefined) positions.set(gram, [at]);
      else others.push(at);
    }
    this.#grams.set(length, positions);
    return positions;
  }
}
