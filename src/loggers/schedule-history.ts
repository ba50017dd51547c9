import { RtnError } from '../error.js';
import { parseLocation } from '../pipeline/location.js';
import type { History } from '../schedule/history.js';
import type { Environment } from './run-store.js';

/**
 * Opens the history of schedules: `pg:` in the ledger of DATABASE_URL, `file:FOLDER`. Throws `usage` for anything else.
 */
export async function openHistory(location: string, environment: Environment): Promise<History> {
  if (location === 'pg:') {
    const { openPostgresHistory } = await import('./postgres-schedules.js');
    return openPostgresHistory(environment);
  }
  const { scheme, target } = parseLocation(location);
  if (scheme === 'file') {
    const { FileSchedules } = await import('./file-schedules.js');
    return new FileSchedules(target);
  }
  throw new RtnError(
    'usage',
    scheme === 'yt'
      ? '--history: the history of schedules cannot be kept in YTsaurus; expected pg: or file:FOLDER'
      : `--history: got '${location.slice(0, 200)}', expected pg: or file:FOLDER`,
    { next: 'set DATABASE_URL and give --history pg:, or keep it in a folder, --history file:DIR' },
  );
}
