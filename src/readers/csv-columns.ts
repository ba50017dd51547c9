import type { JsonSchema } from '../component.js';
import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Row } from '../pipeline/record.js';
import { requireColumns } from './columns.js';

type Convert = (text: string) => unknown;

interface Column {
  readonly name: string;
  /** Undefined for text. */
  readonly convert: Convert | undefined;
  /** Whether an empty field is a value of its own; else it is absent. */
  readonly isRequired: boolean;
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Text that is no value of the column's type stays text, and is then rejected by the row's schema. */
const CONVERSIONS: Readonly<Record<string, Convert>> = {
  integer: (text) => (INTEGER.test(text) ? exactInteger(text) : text),
  number: (text) => (INTEGER.test(text) ? exactInteger(text) : NUMBER.test(text) ? Number(text) : text),
  boolean: (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text),
};

/** What the header of a CSV file says, and how its fields become a row. Throws `configuration` for a header that cannot be. */
export class CsvColumns {
  readonly #columns: readonly Column[];

  constructor(header: readonly string[], input: BoundInput, path: string) {
    const place = `the header of ${path}`;
    header.forEach((name, index) => {
      if (name === '' || name === '__proto__')
        throw wrongHeader(`${place} gives column ${index + 1} no name`);
      if (header.indexOf(name) < index) throw wrongHeader(`${place} names the column ${name} twice`);
    });
    const separator = /[;\t|]/.exec(header.length === 1 ? (header[0] ?? '') : '')?.[0];
    if (separator !== undefined && header[0] !== input.key)
      throw wrongHeader(
        `${place} has no comma; its columns seem to be separated by ${JSON.stringify(separator)}`,
      );
    requireColumns(input, header, place);
    const required = new Set((input.row.required ?? []) as readonly string[]);
    const properties = (input.row.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
    this.#columns = header.map((name) => ({
      name,
      convert: conversionTo(properties[name]?.type),
      isRequired: required.has(name),
    }));
  }

  get count(): number {
    return this.#columns.length;
  }

  row(fields: readonly string[]): Row {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < this.#columns.length; index++) {
      const { name, convert, isRequired } = this.#columns[index] as Column;
      const text = fields[index] ?? '';
      if (text === '' && !isRequired) continue;
      row[name] = convert === undefined ? text : convert(text);
    }
    return row;
  }
}

function conversionTo(type: unknown): Convert | undefined {
  const types = Array.isArray(type) ? type : [type];
  if (types.includes('string')) return undefined;
  return CONVERSIONS[types.find((each) => each in CONVERSIONS) ?? ''];
}

/** An integer outside the safe range comes as a bigint, which admission rejects: never rounded. */
function exactInteger(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function wrongHeader(message: string): RtnError {
  return new RtnError('configuration', message, {
    next: 'give the file a first line with the names of its columns, separated by commas',
  });
}
