import { hash } from 'node:crypto';

/** Most characters of a name, so that it stays below what file systems take (255 bytes) with an ending behind it. */
const MAX_LENGTH = 160;

/**
 * A run id as a file's name, the same on every system: letters, digits, `-`, `_` and `.` stand for themselves, all else
 * is percent-encoded. A long one is cut and told apart by a digest.
 */
export function fileNameOf(runId: string): string {
  const encoded = encodeURIComponent(Buffer.from(runId).toString()).replace(
    /[!'()*~]|^\./g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (encoded.length <= MAX_LENGTH) return encoded;
  return `${encoded.slice(0, MAX_LENGTH)}~${hash('sha256', runId, 'hex').slice(0, 16)}`;
}
