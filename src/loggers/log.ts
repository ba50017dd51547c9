import type { ComponentSpec } from '../component.js';
import type { BoundOutput } from '../pipeline/binding.js';
import type { Logger } from '../pipeline/contract.js';
import { servedLocation } from '../pipeline/location.js';
import { DATABASE_URL } from '../postgres/connect.js';
import { YT_ENVIRONMENT } from '../yt/address.js';
import { FileLog } from './file-log.js';
import { PostgresLog } from './postgres-log.js';
import { YtLog } from './yt-log.js';

const SCHEMES = ['pg', 'yt', 'file'] as const;

export const logSpec: ComponentSpec = {
  kind: 'logger',
  key: 'log',
  construct: 'log',
  description:
    "Writes one row a message, with its outcome, to the output's location: pg:TABLE, yt:PATH of a table, or file:FOLDER with one file of JSON lines a run.",
  binds: [{ to: 'output', schemes: SCHEMES }],
  fields: {},
  environment: [DATABASE_URL, ...YT_ENVIRONMENT],
};

/** The logger of an output of type `send-log`: `use: log`. The location's scheme says which store. */
export function log(output: BoundOutput): Logger {
  const location = servedLocation(output, SCHEMES);
  if (location.scheme === 'file') return new FileLog(location.target);
  return location.scheme === 'yt' ? new YtLog(location) : new PostgresLog(location.target);
}
