import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

/** A line that is no text, with what can be shown of it. */
export interface BadLine {
  readonly reason: string;
  readonly text: string;
}

const CHUNK_BYTES = 65_536;
const NEWLINE = 10;

/**
 * The lines of a UTF-8 file that are not blank, as many at a time as one chunk completes; a byte order mark is cut off.
 * Memory stays bounded: of a line beyond `maxLineBytes` only its beginning is kept, as a bad line.
 */
export async function* readLines(
  file: FileHandle,
  maxLineBytes: number,
): AsyncGenerator<(string | BadLine)[]> {
  const lines = new Lines(maxLineBytes);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, offset);
    if (bytesRead === 0) break;
    offset += bytesRead;
    yield lines.add(chunk.subarray(0, bytesRead));
  }
  yield lines.end();
}

class Lines {
  readonly #maxLineBytes: number;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isTooLong = false;
  #isStart = true;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  add(chunk: Buffer): (string | BadLine)[] {
    const lines: (string | BadLine)[] = [];
    const last = chunk.lastIndexOf(NEWLINE);
    if (last >= 0) {
      const from = this.#isTooLong ? chunk.indexOf(NEWLINE) : 0;
      this.#isTooLong = false;
      this.#complete(chunk.subarray(from, last), lines);
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
        isUtf8(line) ? line.toString('utf8') : { reason: 'the line is no UTF-8', text: beginning(line) },
        lines,
      );
      from += line.length + 1;
    }
  }

  #push(line: string | BadLine, lines: (string | BadLine)[]): void {
    if (typeof line !== 'string') {
      lines.push(line);
    } else if (!isBlank(line)) {
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
