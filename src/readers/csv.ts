import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Incoming } from '../pipeline/record.js';
import { CsvColumns } from './csv-columns.js';
import { CsvParser, type CsvRecord } from './csv-parser.js';
import type { FileFormat } from './file.js';
import { MAX_LINE_BYTES, readLines } from './lines.js';
import { outlineOf } from './outline.js';
import { malformed } from './row-text.js';

/**
 * CSV with a header. A position is the index among the records behind the header; a record that cannot be read, or that
 * has another number of fields than the header, is malformed and named by its line.
 */
export function csv(input: BoundInput, path: string): FileFormat {
  const outline = outlineOf(input);
  const record = (parsed: CsvRecord, position: number, columns: CsvColumns): Incoming => {
    const place = `line ${parsed.line}`;
    if ('reason' in parsed) return malformed(position, `${place}: ${parsed.reason}`, parsed.text, outline);
    const { fields } = parsed;
    if (fields.length === columns.count) return { position, row: columns.row(fields) };
    const reason = `${place} has ${fields.length} fields, the header has ${columns.count}`;
    return malformed(position, reason, fields.join(','), outline);
  };
  return {
    async *read(chunks) {
      let position = 0;
      let columns: CsvColumns | undefined;
      for await (const records of csvRecords(chunks)) {
        const rows = columns === undefined ? records.slice(1) : records;
        columns ??= header(records[0], input, path);
        const known = columns;
        yield rows.map((each) => record(each, position++, known));
      }
    },
    async count(chunks) {
      let count = 0;
      for await (const records of csvRecords(chunks)) {
        if (count === 0) header(records[0], input, path);
        count += records.length;
      }
      if (count === 0) header(undefined, input, path);
      return count - 1;
    },
  };
}

/** Never yields an empty list. */
async function* csvRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord[]> {
  const parser = new CsvParser(MAX_LINE_BYTES);
  for await (const lines of readLines(chunks, { maxLineBytes: MAX_LINE_BYTES, keepsBlank: true })) {
    const records: CsvRecord[] = [];
    for (const line of lines) {
      const record = parser.push(line);
      if (record !== undefined) records.push(record);
    }
    if (records.length > 0) yield records;
  }
  parser.end();
}

function header(record: CsvRecord | undefined, input: BoundInput, path: string): CsvColumns {
  if (record !== undefined && 'fields' in record) return new CsvColumns(record.fields, input, path);
  const problem = record === undefined ? 'is empty' : `has a header that cannot be read: ${record.reason}`;
  throw new RtnError('configuration', `${path} ${problem}`, {
    next: 'give the file a first line with the names of its columns, separated by commas',
  });
}
