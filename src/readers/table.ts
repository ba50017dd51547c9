import type { ComponentSpec } from '../component.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import { servedLocation } from '../pipeline/location.js';
import { YtTableReader } from './yt-table.js';

const SCHEMES = ['yt'] as const;

export const tableSpec: ComponentSpec = {
  kind: 'reader',
  key: 'table',
  construct: 'table',
  description: "Reads the input's table to its end: yt:PATH.",
  binds: 'input',
  schemes: SCHEMES,
  fields: {},
  environment: [
    {
      name: 'YT_PROXY',
      description: 'Where the YTsaurus cluster is: host, host:port or http(s)://host.',
      scheme: 'yt',
    },
    { name: 'YT_TOKEN', description: 'Token for the YTsaurus cluster.', isSecret: true, scheme: 'yt' },
  ],
};

/** The reader of a table: `use: table`. The location's scheme says which store. */
export function table(input: BoundInput): Reader {
  return new YtTableReader(input, servedLocation(input, SCHEMES));
}
