import type { Row } from '../pipeline/record.js';
import { parseExactJson } from '../yson/exact-json.js';

/** Only a number with so many characters can hold more digits than a double carries. */
const LONG_NUMBER = /\d[\d.]{15}/;

/**
 * A JSON object that a database wrote. A number that a JSON number cannot carry is never rounded: an integer comes as a
 * bigint, a decimal fraction as its text.
 */
export function parseExactRow(json: string): Row {
  return (LONG_NUMBER.test(json) ? parseExactJson(json, exactNumber) : JSON.parse(json)) as Row;
}

function exactNumber(literal: string): number | bigint | string {
  const value = Number(literal);
  if (/^-?\d+$/.test(literal)) return Number.isSafeInteger(value) ? value : BigInt(literal);
  return digits(literal) === digits(String(value)) ? value : literal;
}

/** The significant digits of a number's text. */
function digits(literal: string): string {
  return literal
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}
