import { PostgresLog } from '../../src/loggers/postgres-log.js';
import { RUN_COLUMNS, type RunRow, runRecord } from '../../src/loggers/postgres-runs.js';
import { testDatabase } from '../setup/database.js';
import { ledgerLaws } from './ledger-laws.js';

const database = testDatabase();

ledgerLaws({
  async open(run) {
    const log = new PostgresLog('laws_log');
    await log.open({ ...run, environment: { DATABASE_URL: database.url } });
    return log;
  },
  async logged(runId) {
    const rows = await database.query('select position from laws_log where run_id = $1', [runId]);
    return rows.map(({ position }) => Number(position));
  },
  async record(runId) {
    const [row] = await database.query(`select ${RUN_COLUMNS} from rtn.runs where run_id = $1`, [runId]);
    return row && runRecord(row as unknown as RunRow);
  },
  async starts(runId) {
    const rows = await database.query(
      `select token::int, holder, state, exit_code as "exitCode", error, counts from rtn.starts
       where run_id = $1 order by shard, token`,
      [runId],
    );
    return rows as never;
  },
  async unsent(runId) {
    const rows = await database.query(
      'select position::int, reason from rtn.unsent where run_id = $1 order by position',
      [runId],
    );
    return rows as never;
  },
  async control(runId, { isStopped, isPaused, rate }) {
    await database.query('update rtn.runs set is_stopped = $2, is_paused = $3, rate = $4 where run_id = $1', [
      runId,
      isStopped,
      isPaused,
      rate,
    ]);
  },
});
