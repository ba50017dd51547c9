import type { ComponentSpec } from '../component.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import { servedLocation } from '../pipeline/location.js';
import { DATABASE_URL } from '../postgres/connect.js';
import { YT_ENVIRONMENT } from '../yt/address.js';
import { FileReader } from './file.js';
import { PostgresQueryReader } from './postgres-query.js';
import { YqlQueryReader } from './yql-query.js';
import { YtTableReader } from './yt-table.js';

const SCHEMES = ['yt', 'file', 'pg', 'yql'] as const;

export const tableSpec: ComponentSpec = {
  kind: 'reader',
  key: 'table',
  construct: 'table',
  description:
    "Reads the input's table to its end: yt:PATH; file:PATH of JSON lines (.ndjson, .jsonl) or CSV (.csv), also in gzip (.gz); file:- for stdin; pg:QUERY.sql, a file with one SELECT; yql:QUERY.sql (not yet run).",
  binds: [{ to: 'input', schemes: SCHEMES }],
  fields: {},
  environment: [...YT_ENVIRONMENT, DATABASE_URL],
};

/** The reader of a table: `use: table`. The location's scheme says which store. */
export function table(input: BoundInput): Reader {
  const location = servedLocation(input, SCHEMES);
  switch (location.scheme) {
    case 'file':
      return new FileReader(input, location);
    case 'pg':
      return new PostgresQueryReader(input, location);
    case 'yql':
      return new YqlQueryReader(location);
    default:
      return new YtTableReader(input, location);
  }
}
