import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import type { BoundOutput } from '../pipeline/binding.js';
import type { Logger } from '../pipeline/contract.js';
import { DATABASE_URL } from '../postgres/connect.js';
import { PostgresLog } from './postgres-log.js';

export const logSpec: ComponentSpec = {
  kind: 'logger',
  key: 'log',
  construct: 'log',
  description: "Writes one row a message, with its outcome, to the output's location: pg:TABLE.",
  binds: 'output',
  fields: {},
  environment: [DATABASE_URL],
};

/** The logger of an output of type `send-log`: `use: log`. The location's scheme says which store. */
export function log(output: BoundOutput): Logger {
  const { scheme, target, text } = output.location;
  if (scheme === 'pg') return new PostgresLog(target);
  throw new RtnError('usage', `--${output.name}: no log can be written to '${text}', expected pg:TABLE`);
}
