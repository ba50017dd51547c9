import type { JsonSchema } from '../component.js';
import { count } from '../observe/progress.js';
import type { Row } from '../pipeline/record.js';
import { type SmsLength, smsLength } from '../pipeline/sms-segments.js';
import { isSmsText, PRICE_PARAM } from '../sms-text.js';

/** What the SMS of a dry run come to: the part of `--summary FILE` that only operations with an `x-sms-text` column have. */
export interface SmsSummary {
  readonly texts: number;
  readonly segments: number;
  /** Texts that need sixteen bits a character. */
  readonly ucs2Texts: number;
  /** Segments of the longest text. */
  readonly mostSegments: number;
  /** Null without a param `price_per_segment`, or where it is 0. */
  readonly pricePerSegment: number | null;
  readonly price: number | null;
}

/** Counts the segments of the texts in columns that are marked `x-sms-text`, which is what an SMS costs. */
export class SmsCount {
  readonly #columns: readonly string[];
  #texts = 0;
  #ucs2Texts = 0;
  #segments = 0;
  #mostSegments = 0;
  #pricePerSegment: number | null = null;

  constructor(row: JsonSchema) {
    this.#columns = Object.keys(row.properties ?? {}).filter((column) => isSmsText(row, column));
  }

  /** Takes the price from the params of the run. */
  priceBy({ [PRICE_PARAM]: price }: Readonly<Record<string, unknown>>): void {
    this.#pricePerSegment = typeof price === 'number' && price > 0 ? price : null;
  }

  add(row: Row): void {
    for (const column of this.#columns) {
      const text = row[column];
      if (typeof text === 'string') this.#note(smsLength(text));
    }
  }

  /** Undefined where no column holds the text of an SMS. */
  get summary(): SmsSummary | undefined {
    if (this.#columns.length === 0) return undefined;
    const pricePerSegment = this.#pricePerSegment;
    return {
      texts: this.#texts,
      segments: this.#segments,
      ucs2Texts: this.#ucs2Texts,
      mostSegments: this.#mostSegments,
      pricePerSegment,
      price: pricePerSegment && Number((pricePerSegment * this.#segments).toFixed(6)),
    };
  }

  #note({ encoding, segments }: SmsLength): void {
    this.#texts++;
    this.#segments += segments;
    this.#mostSegments = Math.max(this.#mostSegments, segments);
    if (encoding === 'ucs-2') this.#ucs2Texts++;
  }
}

/** The line of a dry run that says what its SMS come to. */
export function smsLine({
  texts,
  segments,
  ucs2Texts,
  mostSegments,
  price,
  pricePerSegment,
}: SmsSummary): string {
  const encodings = `${count(texts - ucs2Texts)} GSM-7, ${count(ucs2Texts)} UCS-2`;
  const cost = price === null ? '' : `: ${price} at ${pricePerSegment} a segment`;
  return `  SMS: ${count(segments)} segments of ${count(texts)} texts (${encodings}; at most ${count(mostSegments)} in one)${cost}`;
}
