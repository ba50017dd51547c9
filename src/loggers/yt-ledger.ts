import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import { fileNameOf } from '../pipeline/file-name.js';
import type { Ledger } from '../pipeline/ledger.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';

const EXISTS = 501;

/** Where the runs of a log stand: a folder beside it, with one node a run. */
export function runsPath(logPath: string): string {
  return `${logPath}.rtn/runs`;
}

/** The node of a run: a map node whose attributes are the ledger's record. */
export function runPath(logPath: string, runId: string): string {
  return `${runsPath(logPath)}/${fileNameOf(runId)}`;
}

/** The ledger on YTsaurus: attributes of the run's node. */
export function ytLedger(client: YtClient, logPath: string, run: Run): Ledger {
  const path = runPath(logPath, run.id);
  return {
    async begin(plan) {
      const { id, operation, version, digest } = run;
      const attributes = {
        run_id: id,
        operation,
        version,
        digest,
        layer: plan.layer,
        runner: plan.runner,
        input: plan.input,
        params: escapeKeys(plan.params),
        state: 'running',
        started_at: new Date(run.clock.now()).toISOString(),
      };
      try {
        await client.create('map_node', path, { attributes });
      } catch (thrown) {
        throw hasYtCode(thrown, EXISTS) ? runIsTaken(run, path) : thrown;
      }
    },
    async end({ state, counts, exitCode, error }) {
      await client.setAttributes(path, {
        state,
        counts,
        exit_code: exitCode,
        error,
        ended_at: new Date(run.clock.now()).toISOString(),
      });
    },
  };
}

/** JSON of YT gives keys such as `$value` a meaning; a second dollar sign in front takes it away. */
function escapeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(escapeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, escapeKeys(item)]),
  );
}

function runIsTaken(run: Run, path: string): RtnError {
  return new RtnError(
    'configuration',
    `the run id '${run.id}' is taken: the ledger already has a run of that name (${path})`,
    { next: 'start with another --run-id, or without one to get a new id' },
  );
}
