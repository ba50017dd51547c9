import { createReadStream } from 'node:fs';
import { foreignCode, oneLine, RtnError } from '../error.js';
import type { CopyValue } from '../postgres/copy-text.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';
import { SPILL_FORM, type SpillHeader } from './spill.js';

/** What one line of a spill file is. Numbers are from 1. */
export type SpillLine =
  | { readonly kind: 'header'; readonly header: SpillHeader }
  /** Values in the order of the log's columns. */
  | { readonly kind: 'row'; readonly values: readonly CopyValue[] }
  | { readonly kind: 'broken'; readonly number: number; readonly problem: string };

const INT_LIMIT = 2 ** 31;

/** Reads a spill file line by line; an empty line is none. Throws `usage` where there is no such file. */
export async function* spillLines(path: string): AsyncGenerator<SpillLine> {
  let number = 0;
  for await (const text of textLines(path)) {
    number++;
    if (text.trim() === '') continue;
    yield judge(text, number);
  }
}

/** Only a newline ends a line: a row may hold what other readers take for one. */
async function* textLines(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (thrown) {
    const reason = foreignCode(thrown) === 'ENOENT' ? 'there is no such file' : `${foreignCode(thrown)}`;
    throw new RtnError('usage', `${oneLine(path)} cannot be read: ${reason}`, { cause: thrown });
  }
  yield rest;
}

function judge(text: string, number: number): SpillLine {
  const broken = (problem: string): SpillLine => ({ kind: 'broken', number, problem });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return broken('it is no JSON: perhaps the line was cut off');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return broken('it is no JSON object');
  const row = document as Readonly<Record<string, unknown>>;
  if (row.form === SPILL_FORM) {
    const header = row as unknown as SpillHeader;
    return typeof header.log === 'string' ? { kind: 'header', header } : broken('the header names no log');
  }
  for (const column of LOG_COLUMNS) {
    if (!isValueOf(column, row[column.name] ?? null))
      return broken(`${column.name} is ${oneLine(JSON.stringify(row[column.name]) ?? 'missing', 80)}`);
  }
  return { kind: 'row', values: LOG_COLUMNS.map(({ name }) => (row[name] ?? null) as CopyValue) };
}

function isValueOf({ type, isRequired }: LogColumn, value: unknown): boolean {
  if (value === null) return !isRequired;
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'bigint':
      return Number.isSafeInteger(value);
    case 'int':
      return Number.isInteger(value) && Math.abs(value as number) < INT_LIMIT;
    case 'timestamptz':
      return (
        typeof value === 'string' &&
        /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) &&
        !Number.isNaN(Date.parse(value))
      );
  }
}
