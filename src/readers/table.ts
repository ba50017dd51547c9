import type { ComponentSpec } from '../component.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import { servedLocation } from '../pipeline/location.js';
import { YT_ENVIRONMENT } from '../yt/address.js';
import { NdjsonFileReader } from './ndjson-file.js';
import { YtTableReader } from './yt-table.js';

const SCHEMES = ['yt', 'file'] as const;

export const tableSpec: ComponentSpec = {
  kind: 'reader',
  key: 'table',
  construct: 'table',
  description:
    "Reads the input's table to its end: yt:PATH, or file:PATH of a file of JSON lines (.ndjson, .jsonl).",
  binds: 'input',
  schemes: SCHEMES,
  fields: {},
  environment: YT_ENVIRONMENT,
};

/** The reader of a table: `use: table`. The location's scheme says which store. */
export function table(input: BoundInput): Reader {
  const location = servedLocation(input, SCHEMES);
  return location.scheme === 'file'
    ? new NdjsonFileReader(input, location)
    : new YtTableReader(input, location);
}
