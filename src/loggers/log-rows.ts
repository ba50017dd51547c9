import { LOG_COLUMNS, type LogColumn } from './columns.js';

/** One row of the log: its values in the order of the columns. */
export type LogRow = readonly (string | number | boolean | null)[];

export type RowFormat = 'ndjson' | 'csv';

/** How rows become text. */
export interface RowTextOptions {
  readonly format: RowFormat;
  /** Leave cells as they are, those too that a spreadsheet would take for a formula. */
  readonly isVerbatim?: boolean | undefined;
  /** The text goes to a terminal: no control character of a cell may reach it. */
  readonly isForTerminal?: boolean | undefined;
}

/** What JSON leaves as it is and a terminal does not. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Control characters of a CSV cell, which may hold line ends. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A spreadsheet takes these for the beginning of a formula (owasp.org/www-community/attacks/CSV_Injection). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** A telephone number or a negative amount is no formula that does anything. */
const NUMBER = /^[+-]?\d[\d .]*$/;

const NAMES = LOG_COLUMNS.map(({ name }) => name);

/** The line with the names of the columns; empty where the format has none. */
export function headText({ format }: RowTextOptions): string {
  return format === 'csv' ? `${NAMES.join(',')}\n` : '';
}

/** Rows as lines, each with its line end. */
export function rowsText(rows: readonly LogRow[], options: RowTextOptions): string {
  const line = options.format === 'csv' ? csvLine : jsonLine;
  let text = '';
  for (const row of rows) text += line(row, options);
  return text;
}

/** The same JSON as a log in files has, with every character escaped that a terminal might obey. */
function jsonLine(row: LogRow): string {
  let line = '{';
  for (const [index, name] of NAMES.entries())
    line += `${index === 0 ? '' : ','}"${name}":${JSON.stringify(row[index] ?? null)}`;
  return `${line.replace(UNSAFE, escaped)}}\n`;
}

/** RFC 4180 with line feeds: null is an empty field, an empty text is `""`. */
function csvLine(row: LogRow, options: RowTextOptions): string {
  return `${NAMES.map((_, index) => csvCell(row[index] ?? null, options)).join(',')}\n`;
}

function csvCell(value: LogRow[number], { isVerbatim, isForTerminal }: RowTextOptions): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const guarded = isVerbatim !== true && FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  const text = isForTerminal === true ? guarded.replace(CONTROL, escaped) : guarded;
  return text === '' || /[",\r\n]/.test(text) || /^\s|\s$/.test(text)
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The value of a column that a store gives as JSON or text, as `LogRow` has it. */
export function columnValue({ type }: LogColumn, value: unknown): LogRow[number] {
  if (value === null || value === undefined) return null;
  if (type === 'bigint' || type === 'int') return Number(value);
  if (type === 'boolean') return value === true || value === 't' || value === 'true';
  return String(value);
}
