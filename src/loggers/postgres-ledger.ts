import type { Pool } from 'pg';
import { foreignCode, RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import type { Ledger } from '../pipeline/ledger.js';
import { postgresError } from '../postgres/errors.js';

const UNIQUE_VIOLATION = '23505';

/** The ledger in Postgres: a row of `rtn.runs`. */
export function postgresLedger(pool: Pool, run: Run): Ledger {
  return {
    async begin(plan) {
      const values = [
        run.id,
        run.operation,
        run.version,
        run.digest,
        plan.layer,
        plan.runner,
        plan.input,
        plan.params,
      ];
      try {
        await pool.query(
          `insert into rtn.runs (run_id, operation, version, digest, layer, runner, input, params, state)
           values ($1, $2, $3, $4, $5, $6, $7, $8, 'running')`,
          values,
        );
      } catch (thrown) {
        throw foreignCode(thrown) === UNIQUE_VIOLATION
          ? runIsTaken(run)
          : postgresError('the run could not be recorded', thrown);
      }
    },
    async end({ state, counts, exitCode, error }) {
      await pool
        .query(
          'update rtn.runs set state = $2, counts = $3, exit_code = $4, error = $5, ended_at = now() where run_id = $1',
          [run.id, state, counts, exitCode, error],
        )
        .catch((thrown: unknown) => {
          throw postgresError("the run's end could not be recorded", thrown);
        });
    },
  };
}

function runIsTaken(run: Run): RtnError {
  return new RtnError(
    'configuration',
    `the run id '${run.id}' is taken: the ledger already has a run of that name`,
    {
      next: 'start with another --run-id, or without one to get a new id',
    },
  );
}
