import { randomBytes } from 'node:crypto';

/** The spec of JSON whose strings are ordinary text. The format's own default is one character per byte. */
export const TEXT_JSON = { $value: 'json', $attributes: { encode_utf8: false } };

/** How rows are read: members that are null are left out. */
export const ROWS_OUT = { $value: 'json', $attributes: { encode_utf8: false, skip_null_values: true } };

/** How rows are written: `1` is welcome in a double column, as JSON.stringify writes 1.0 that way. */
export const ROWS_IN = {
  $value: 'json',
  $attributes: { encode_utf8: false, enable_integral_to_double_conversion: true },
};

/** What the header format is: it governs X-YT-Parameters, X-YT-Input-Format and X-YT-Response-Parameters. */
export const HEADER_FORMAT = '<encode_utf8=%false>json';

/** JSON in ASCII: an HTTP header holds nothing else safely. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A fresh id of a mutation: four groups of hex without leading zeros, as object ids are written. */
export function newMutationId(): string {
  const bytes = randomBytes(16);
  return [0, 4, 8, 12].map((at) => bytes.readUInt32BE(at).toString(16)).join('-');
}
