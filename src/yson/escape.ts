const SIMPLE: Readonly<Record<number, number>> = {
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
  97: 0x07,
  98: 0x08,
  102: 0x0c,
  118: 0x0b,
};

/** The bytes that a quoted string stands for: C escapes `\n`, octal `\0`…`\377`, `\xHH`; any other `\c` is c itself. */
export function unescapeString(raw: Buffer): Buffer {
  const out = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0;
    if (byte !== 0x5c) {
      out[length++] = byte;
      continue;
    }
    const match = /^(?:x([0-9a-fA-F]{1,2})|([0-3][0-7]{0,2}|[4-7][0-7]?))/.exec(
      raw.toString('latin1', at + 1, at + 4),
    );
    if (match === null) {
      const next = raw[++at] ?? 0x5c;
      out[length++] = SIMPLE[next] ?? next;
      continue;
    }
    out[length++] =
      match[1] === undefined ? Number.parseInt(match[2] ?? '0', 8) : Number.parseInt(match[1], 16);
    at += match[0].length;
  }
  return out.subarray(0, length);
}

const NAMED: Readonly<Record<number, string>> = { 34: '\\"', 92: '\\\\', 10: '\\n', 13: '\\r', 9: '\\t' };

/** A quoted string of printable ASCII. Every other byte is `\xHH` or, where the next byte is a hex digit, three octal digits. */
export function quote(bytes: Uint8Array): string {
  let text = '"';
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const named = NAMED[byte];
    if (named !== undefined) text += named;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (isHexDigit(bytes[at + 1])) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return `${text}"`;
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
