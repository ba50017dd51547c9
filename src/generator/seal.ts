import { createHash } from 'node:crypto';

/** Where the checksum stands in the comment on top, which may break its line before it. */
const SEAL = /\(checksum(?: |\n\/\/ )(?<sum>[\da-f]{8})\)/;

/** What `heading` writes until the whole text is there to be summed up. */
export const NO_CHECKSUM = '0'.repeat(8);

/** The text with its checksum in the comment on top: so an edit can be told from a registry that moved on. */
export function seal(text: string): string {
  return withChecksum(text, checksumOf(unsealed(text)));
}

/** Whether a text is, byte for byte, one that was generated, be it from whatever registry. */
export function isSealed(text: string): boolean {
  return SEAL.exec(text)?.groups?.sum === checksumOf(unsealed(text));
}

/** The text with no checksum in its place: for two texts to be compared by what they say. */
export function unsealed(text: string): string {
  return withChecksum(text, NO_CHECKSUM);
}

function withChecksum(text: string, checksum: string): string {
  return text.replace(SEAL, (found) => `${found.slice(0, -9)}${checksum})`);
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
