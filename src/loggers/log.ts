import type { ComponentSpec } from '../component.js';
import type { BoundOutput } from '../pipeline/binding.js';
import type { Logger } from '../pipeline/contract.js';
import { servedLocation } from '../pipeline/location.js';
import { DATABASE_URL } from '../postgres/connect.js';
import { FileLog } from './file-log.js';
import { PostgresLog } from './postgres-log.js';

const SCHEMES = ['pg', 'file'] as const;

export const logSpec: ComponentSpec = {
  kind: 'logger',
  key: 'log',
  construct: 'log',
  description:
    "Writes one row a message, with its outcome, to the output's location: pg:TABLE, or file:FOLDER with one file of JSON lines a run.",
  binds: 'output',
  schemes: SCHEMES,
  fields: {},
  environment: [DATABASE_URL],
};

/** The logger of an output of type `send-log`: `use: log`. The location's scheme says which store. */
export function log(output: BoundOutput): Logger {
  const { scheme, target } = servedLocation(output, SCHEMES);
  return scheme === 'file' ? new FileLog(target) : new PostgresLog(target);
}
