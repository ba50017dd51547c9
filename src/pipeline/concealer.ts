import { RtnError } from '../error.js';
import { isSmsText } from '../sms-text.js';
import type { InputDefinition } from './binding.js';
import { Quotations, type Span } from './quotations.js';
import type { Row } from './record.js';
import { isSensitive, scalarText, sensitiveDigest } from './sensitive.js';
import { writtenForms } from './written-forms.js';

/** A shorter text is a word of the provider's own as likely as a quotation of the row. */
const LEAST_TEXT = 6;
/** So many characters in a row that a text has, too, are a quotation of it. */
const LEAST_PART = { text: 16, secret: 8 } as const;

/** What may not be told, and what is told in its place. */
interface Hidden {
  readonly value: string;
  readonly label: string;
  /** How much of it counts as a quotation of it. */
  readonly leastPart: number;
}

interface Labelled extends Span {
  readonly label: string;
}

/**
 * Takes out of what somebody else wrote (a provider that quotes the request it refuses) what the log may not hold:
 * secrets (`‹NAME›` stands in their place), the values of sensitive columns and texts of SMS (a digest), and all other
 * texts of the rows that the request carried (`‹column›`), but for the message's id and the recipient, which are logged.
 */
export class Concealer {
  readonly #declared: ReadonlySet<string>;
  readonly #marked: ReadonlySet<string>;
  readonly #logged: ReadonlySet<string>;
  readonly #secretNames: ReadonlyMap<string, string>;

  /** `secretNames` gives the names of secrets by their values; it may grow. */
  constructor(
    { key, recipient, row }: Pick<InputDefinition, 'key' | 'recipient' | 'row'>,
    secretNames: ReadonlyMap<string, string> = new Map(),
  ) {
    const columns = Object.keys(row.properties ?? {});
    this.#declared = new Set(columns);
    this.#marked = new Set(columns.filter((column) => isSensitive(row, column) || isSmsText(row, column)));
    this.#logged = new Set([key, ...(recipient === undefined ? [] : [recipient])]);
    this.#secretNames = secretNames;
  }

  /** For what was said of a request that carried these rows. */
  of(rows: readonly Row[]): Concealment {
    return new Concealment(() => this.#hidden(rows));
  }

  /** A provider's id of messages that it took: looked through for secrets and marked columns as a whole, which costs next to nothing. */
  id(said: string, rows: readonly Row[]): string {
    for (const value of this.#secretNames.keys()) if (said.includes(value)) return this.of(rows).text(said);
    for (const column of this.#marked)
      for (const row of rows)
        if (scalarsOf(row[column]).some((value) => said.includes(value))) return this.of(rows).text(said);
    return said;
  }

  *#hidden(rows: readonly Row[]): Iterable<Hidden> {
    for (const [value, name] of this.#secretNames) {
      const hidden = { label: `‹${name}›`, leastPart: LEAST_PART.secret };
      yield { value, ...hidden };
      yield { value: Buffer.from(value).toString('base64'), ...hidden };
    }
    for (const row of rows) {
      for (const column in row) {
        for (const value of this.#valuesToHide(column, row[column])) {
          const label = this.#labelOf(column, value);
          yield { value, label, leastPart: LEAST_PART.text };
        }
      }
    }
  }

  #valuesToHide(column: string, value: unknown): readonly string[] {
    if (this.#marked.has(column)) return scalarsOf(value);
    if (this.#logged.has(column)) return [];
    return scalarsOf(value, isText).filter((text) => text.length >= LEAST_TEXT);
  }

  /** A column that the operation does not declare may be named by anybody. */
  #labelOf(column: string, value: string): string {
    if (this.#marked.has(column)) return sensitiveDigest(value);
    return this.#declared.has(column) ? `‹${column}›` : '‹row›';
  }
}

/** What may not be told of some rows, taken out of any number of texts. */
export class Concealment {
  readonly #find: () => Iterable<Hidden>;
  #found: readonly Hidden[] | undefined;

  constructor(find: () => Iterable<Hidden>) {
    this.#find = find;
  }

  text(said: string): string {
    this.#found ??= [...this.#find()];
    const quotations = new Quotations(said);
    const spans: Labelled[] = [];
    for (const { value, label, leastPart } of this.#found) {
      for (const form of writtenForms(value, said)) {
        for (const span of quotations.whole(form)) spans.push({ ...span, label });
        for (const span of quotations.parts(form, leastPart)) spans.push({ ...span, label });
        const cut = quotations.cut(form);
        if (cut !== undefined) spans.push({ ...cut, label });
      }
    }
    return replaced(said, spans);
  }

  /** An error that may quote what was said, its stack, too. */
  error(error: RtnError): RtnError {
    const message = this.text(error.message);
    if (message === error.message) return error;
    const told = new RtnError(error.code, message, error.next === undefined ? {} : { next: error.next });
    if (error.stack !== undefined) told.stack = this.text(error.stack);
    return told;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** The texts and numbers of a value, however deep, as texts; none that is empty. */
function scalarsOf(value: unknown, isWanted: (scalar: unknown) => boolean = () => true): readonly string[] {
  const found: string[] = [];
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    const text = isWanted(next) ? scalarText(next) : null;
    if (text !== null && text !== '') found.push(text);
    else if (typeof next === 'object' && next !== null)
      for (const member of Object.values(next)) waiting.push(member);
  }
  return found;
}

/** The text with a label in place of each span; of spans that overlap, the label of the one that begins first. */
function replaced(text: string, spans: Labelled[]): string {
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  let [shown, end] = ['', 0];
  for (const span of spans) {
    if (span.start >= end) shown += text.slice(end, span.start) + span.label;
    end = Math.max(end, span.end);
  }
  return shown + text.slice(end);
}
