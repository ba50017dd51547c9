import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Row } from '../../src/pipeline/record.js';
import type { Surroundings } from './surroundings.js';

export const INPUT_KINDS = ['yt', 'pg', 'ndjson', 'ndjson.gz', 'csv', 'csv.gz', 'stdin'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

export interface WrittenInput {
  /** What the input's flag takes. */
  readonly location: string;
  /** A file that the runner gets on standard input. */
  readonly stdin?: string;
}

/** Writes rows to where an input of this kind is read. */
export async function writeInput(
  kind: InputKind,
  rows: readonly Row[],
  surroundings: Surroundings,
): Promise<WrittenInput> {
  const { folder } = surroundings;
  switch (kind) {
    case 'yt':
      return { location: await writeTable(rows, surroundings) };
    case 'pg':
      return { location: await writeQuery(rows, surroundings) };
    case 'stdin': {
      const path = join(folder, 'stdin.ndjson');
      writeFileSync(path, jsonLines(rows).join(''));
      return { location: 'file:-', stdin: path };
    }
    default: {
      const text = kind.startsWith('csv') ? csvOf(rows) : jsonLines(rows).join('');
      const path = join(folder, `rows.${kind}`);
      writeFileSync(path, kind.endsWith('.gz') ? gzipSync(text) : text);
      return { location: `file:${path}` };
    }
  }
}

function jsonLines(rows: readonly Row[]): string[] {
  return rows.map((row) => `${JSON.stringify(row)}\n`);
}

function csvOf(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const quoted = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`;
  return [columns.join(','), ...rows.map((row) => columns.map((name) => quoted(row[name])).join(','))].join(
    '\n',
  );
}

async function writeTable(rows: readonly Row[], { cluster }: Surroundings): Promise<string> {
  await cluster?.client.create('table', '//home/crm/rows');
  await cluster?.client.writeTable('//home/crm/rows', jsonLines(rows));
  return 'yt://home/crm/rows';
}

async function writeQuery(rows: readonly Row[], { database, folder }: Surroundings): Promise<string> {
  const columns = Object.entries(rows[0] ?? {}).map(([name, value]) =>
    Array.isArray(value)
      ? { name: `"${name}"`, type: 'jsonb', of: `r->'${name}'` }
      : { name: `"${name}"`, type: 'text', of: `r->>'${name}'` },
  );
  await database.query('drop table if exists audience');
  await database.query(
    `create table audience (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}, at int)`,
  );
  await database.query(
    `insert into audience select ${columns.map((column) => column.of).join(', ')}, n
     from jsonb_array_elements($1::jsonb) with ordinality as x(r, n)`,
    [JSON.stringify(rows)],
  );
  const path = join(folder, 'rows.sql');
  writeFileSync(path, `select ${columns.map(({ name }) => name).join(', ')} from audience order by at`);
  return `pg:${path}`;
}
