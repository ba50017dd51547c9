import { foreignCode, type RtnError, toRtnError } from '../error.js';
import { openHistory } from '../loggers/schedule-history.js';
import { connectPostgres } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { shownText } from '../report/mask.js';
import { type HistoryOptions, locationOf } from './schedule-place.js';
import type { Session } from './session.js';

/** SQLSTATEs of a table, and of its schema, that is not there. */
const NO_TABLE = ['42P01', '3F000'];

/**
 * The names of the schedules that `rtn schedule pause` has paused. Only looks: makes no history where there is none yet,
 * and one that cannot be read is a warning.
 */
export async function storedPauses(options: HistoryOptions, session: Session): Promise<ReadonlySet<string>> {
  const location = locationOf(options, session);
  try {
    return new Set(location === 'pg:' ? await pausedInPostgres(session) : await pausedIn(location, session));
  } catch (thrown) {
    const error = toRtnError(thrown);
    if (error.code === 'usage') throw error;
    warn(error, session);
    return new Set();
  }
}

function warn({ message }: RtnError, session: Session): void {
  session.err(
    `warning: whether rtn schedule pause has paused anything is not known: ${shownText(message)}\n`,
  );
}

async function pausedIn(location: string, session: Session): Promise<string[]> {
  const history = await openHistory(location, session.env);
  const known = await history.schedules();
  for (const error of await history.unreadable()) warn(error, session);
  await history.close();
  return known.filter(({ isPaused }) => isPaused).map(({ schedule }) => schedule);
}

/** Not by `openHistory`, which makes the tables. */
async function pausedInPostgres(session: Session): Promise<string[]> {
  const pool = await connectPostgres(
    session.env,
    'rtn schedule',
    'the history of schedules is kept in Postgres',
  );
  try {
    const { rows } = await pool.query<{ schedule: string }>(
      'select schedule from rtn.schedules where is_paused',
    );
    return rows.map(({ schedule }) => schedule);
  } catch (thrown) {
    if (NO_TABLE.includes(foreignCode(thrown) ?? '')) return [];
    throw postgresError('the history of schedules could not be read', thrown);
  } finally {
    await pool.end();
  }
}
