import { isUtf8 } from 'node:buffer';

/** A line that is no text, with what can be shown of it. */
export interface BadLine {
  readonly reason: string;
  readonly text: string;
  /** The line to its end, with U+FFFD for what is no UTF-8; absent where it is too long. */
  readonly whole?: string;
}

/** The longest line of a file that is read, in bytes. */
export const MAX_LINE_BYTES = 16_777_216;

const NEWLINE = 10;

export interface LinesOptions {
  /** Of a line beyond this only the beginning is kept, as a bad line, so that memory stays bounded. */
  readonly maxLineBytes: number;
  /** Whether lines of nothing but spaces are given too. */
  readonly keepsBlank: boolean;
}

/** The lines of UTF-8 bytes, as many at a time as one chunk completes; a byte order mark is cut off. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  options: LinesOptions,
): AsyncGenerator<(string | BadLine)[]> {
  const lines = new Lines(options);
  for await (const chunk of chunks) yield lines.add(chunk);
  yield lines.end();
}

class Lines {
  readonly #maxLineBytes: number;
  readonly #keepsBlank: boolean;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isTooLong = false;
  #isStart = true;

  constructor({ maxLineBytes, keepsBlank }: LinesOptions) {
    this.#maxLineBytes = maxLineBytes;
    this.#keepsBlank = keepsBlank;
  }

  add(chunk: Buffer): (string | BadLine)[] {
    const lines: (string | BadLine)[] = [];
    const last = chunk.lastIndexOf(NEWLINE);
    if (last >= 0) {
      const first = chunk.indexOf(NEWLINE);
      const isBegun = this.#restBytes > 0;
      if (isBegun) this.#keep(chunk.subarray(0, first), lines);
      const from = this.#isTooLong ? first + 1 : isBegun ? first : 0;
      this.#isTooLong = false;
      if (from <= last) this.#complete(chunk.subarray(from, last), lines);
    }
    this.#keep(chunk.subarray(last + 1), lines);
    return lines;
  }

  end(): (string | BadLine)[] {
    const lines: (string | BadLine)[] = [];
    this.#complete(Buffer.alloc(0), lines);
    return lines;
  }

  /** Takes bytes that end with a line. */
  #complete(bytes: Buffer, lines: (string | BadLine)[]): void {
    const whole = this.#restBytes === 0 ? bytes : Buffer.concat([...this.#rest, bytes]);
    this.#rest = [];
    this.#restBytes = 0;
    if (isUtf8(whole)) {
      for (const line of whole.toString('utf8').split('\n')) this.#push(line, lines);
      return;
    }
    for (let from = 0; from <= whole.length; ) {
      const end = whole.indexOf(NEWLINE, from);
      const line = whole.subarray(from, end < 0 ? whole.length : end);
      this.#push(
        isUtf8(line)
          ? line.toString('utf8')
          : { reason: 'the line is no UTF-8', text: beginning(line), whole: line.toString('utf8') },
        lines,
      );
      from += line.length + 1;
    }
  }

  #push(line: string | BadLine, lines: (string | BadLine)[]): void {
    if (typeof line !== 'string') {
      lines.push(line);
    } else if (this.#keepsBlank || !isBlank(line)) {
      lines.push(this.#isStart && line.startsWith('\uFEFF') ? line.slice(1) : line);
    }
    this.#isStart = false;
  }

  #keep(bytes: Buffer, lines: (string | BadLine)[]): void {
    if (bytes.length === 0 || this.#isTooLong) return;
    this.#rest.push(Buffer.from(bytes));
    this.#restBytes += bytes.length;
    if (this.#restBytes <= this.#maxLineBytes) return;
    this.#isTooLong = true;
    const reason = `the line is longer than ${this.#maxLineBytes} bytes`;
    lines.push({ reason, text: beginning(Buffer.concat(this.#rest)) });
    this.#rest = [];
    this.#restBytes = 0;
  }
}

function isBlank(line: string): boolean {
  return line.length === 0 || (line.charCodeAt(0) <= 32 && line.trim() === '');
}

function beginning(bytes: Buffer): string {
  return bytes.toString('utf8', 0, 1_000);
}
