import { RtnError } from '../error.js';
import type { BadLine } from './lines.js';

/** A record of a CSV file with the number of its first line, from 1; or what is wrong with it. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly reason: string; readonly text: string };

/** How much of a record that cannot be read is kept, in characters. */
const KEPT = 300;

/** A record whose quoted field is still open. */
interface OpenRecord {
  readonly line: number;
  readonly fields: string[];
  /** The open field so far. */
  text: string;
  readonly beginning: string;
  /** Why it cannot be used, although its end is still to be found. */
  reason: string | undefined;
}

/**
 * CSV after RFC 4180, line by line: fields separated by commas, those with commas, quotes or line ends in quotes,
 * quotes in them doubled. Lines end with LF or CRLF. States: *between* records, or *inside* a quoted field that goes on
 * in the next line. A line that breaks the rules is one bad record, and the next line begins a new one; a field that is
 * never closed throws, since nobody can tell where the next record begins.
 */
export class CsvParser {
  readonly #maxRecordLength: number;
  #line = 0;
  #open: OpenRecord | undefined;

  constructor(maxRecordLength: number) {
    this.#maxRecordLength = maxRecordLength;
  }

  /** Takes the next line without its LF; gives the record that ends with it. Empty lines between records are none. */
  push(line: string | BadLine): CsvRecord | undefined {
    this.#line++;
    if (typeof line === 'string' && this.#open === undefined && !line.includes('"')) return this.#plain(line);
    const reason = typeof line === 'string' ? undefined : line.reason;
    const text = typeof line === 'string' ? line : line.whole;
    if (text === undefined) return this.#tooLong(line as BadLine);
    const open = this.#open ?? {
      line: this.#line,
      fields: [],
      text: '',
      beginning: text.slice(0, KEPT),
      reason: undefined,
    };
    open.reason ??= reason;
    return this.#continue(open, text, this.#open !== undefined);
  }

  /** To be called after the last line; throws `data` when a quoted field is still open. */
  end(): void {
    if (this.#open !== undefined)
      throw neverClosed(this.#open.line, 'a quote is opened there and never closed');
  }

  #plain(line: string): CsvRecord | undefined {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    return text === '' ? undefined : { line: this.#line, fields: text.split(',') };
  }

  #tooLong(line: BadLine): CsvRecord {
    if (this.#open !== undefined) throw neverClosed(this.#open.line, line.reason);
    return { line: this.#line, reason: line.reason, text: line.text };
  }

  /** Reads a line from its start, or from within the quoted field that the line before left open. */
  #continue(open: OpenRecord, text: string, isInside: boolean): CsvRecord | undefined {
    let at = 0;
    if (isInside) open.text += '\n';
    for (let isQuoted = isInside; ; isQuoted = false) {
      if (isQuoted || text[at] === '"') {
        const end = this.#quoted(open, text, isQuoted ? at : at + 1);
        if (end === undefined) return undefined;
        at = end;
      } else {
        at = unquoted(open, text, at);
      }
      if (at >= text.length || (text[at] === '\r' && at === text.length - 1)) return this.#finish(open);
      if (text[at] !== ',') {
        open.reason ??= `text stands behind a closing quote in line ${this.#line}`;
        return this.#finish(open);
      }
      at++;
    }
  }

  /** Reads to behind the closing quote; undefined where the field goes on in the next line. */
  #quoted(open: OpenRecord, text: string, from: number): number | undefined {
    for (let at = from; ; ) {
      const quote = text.indexOf('"', at);
      open.text += text.slice(at, quote < 0 ? text.length : quote);
      if (open.text.length > this.#maxRecordLength)
        throw neverClosed(
          open.line,
          `a quote is opened there and not closed within ${this.#maxRecordLength} characters`,
        );
      if (quote < 0) {
        this.#open = open;
        return undefined;
      }
      if (text[quote + 1] !== '"') {
        open.fields.push(open.text);
        open.text = '';
        return quote + 1;
      }
      open.text += '"';
      at = quote + 2;
    }
  }

  #finish(open: OpenRecord): CsvRecord {
    this.#open = undefined;
    const { line, fields, reason, beginning } = open;
    return reason === undefined ? { line, fields } : { line, reason, text: beginning };
  }
}

/** Reads a field without quotes to the comma or the line's end. */
function unquoted(open: OpenRecord, text: string, from: number): number {
  const comma = text.indexOf(',', from);
  const end = comma >= 0 ? comma : text.endsWith('\r') ? text.length - 1 : text.length;
  const field = text.slice(from, Math.max(from, end));
  if (field.includes('"'))
    open.reason ??= 'a quote stands in a field that is not quoted; put the field in quotes and double it';
  open.fields.push(field);
  return Math.max(from, end);
}

function neverClosed(line: number, reason: string): RtnError {
  return new RtnError('data', `the CSV cannot be read from line ${line} on: ${reason}`, {
    details: { line },
    next: `mend line ${line}, and start again`,
  });
}
