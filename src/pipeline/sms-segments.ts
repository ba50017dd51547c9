/** How the text of an SMS travels: in seven bits a character, or, as soon as one character needs it, in sixteen. */
type SmsEncoding = 'gsm-7' | 'ucs-2';

export interface SmsLength {
  readonly encoding: SmsEncoding;
  /** Septets, or UTF-16 code units. */
  readonly units: number;
  /** Parts that it is sent and paid as; an empty text is one. */
  readonly segments: number;
}

/** The default alphabet of GSM 03.38, without the escape at 0x1B. */
const GSM_7 =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

/** Its extension table: an escape and a character, two septets. */
const GSM_7_EXTENSION = '\f^{}\\[~]|€';

const SEPTETS: ReadonlyMap<string, number> = new Map([
  ...[...GSM_7].map((character) => [character, 1] as const),
  ...[...GSM_7_EXTENSION].map((character) => [character, 2] as const),
]);

/** Units that fit into a text of one part, and into each part of several: their header takes 6 of 140 octets (3GPP TS 23.040). */
const CAPACITY = { 'gsm-7': [160, 153], 'ucs-2': [70, 67] } as const;

/** Counts the parts of an SMS. An escape with its character, or a surrogate pair, is never split between two parts. */
export function smsLength(text: string): SmsLength {
  const septets = Array.from(text, (character) => SEPTETS.get(character));
  return septets.every((size) => size !== undefined)
    ? lengthOf('gsm-7', septets)
    : lengthOf(
        'ucs-2',
        Array.from(text, ({ length }) => length),
      );
}

function lengthOf(encoding: SmsEncoding, sizes: readonly number[]): SmsLength {
  const [single, part] = CAPACITY[encoding];
  const units = sizes.reduce((sum, size) => sum + size, 0);
  return { encoding, units, segments: units <= single ? 1 : partsOf(sizes, part) };
}

function partsOf(sizes: readonly number[], capacity: number): number {
  let parts = 1;
  let taken = 0;
  for (const size of sizes) {
    if (taken + size > capacity) {
      parts++;
      taken = 0;
    }
    taken += size;
  }
  return parts;
}
