import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { foreignCode, RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import type { Ledger } from '../pipeline/ledger.js';

/** The ledger in files: one of JSON a run, at `path`, which is there from the run's beginning on. */
export function fileLedger(path: string, run: Run): Ledger {
  return {
    async begin(plan) {
      const { id, operation, version, digest } = run;
      const record = {
        run_id: id,
        operation,
        version,
        digest,
        layer: plan.layer,
        runner: plan.runner,
        input: plan.input,
        params: plan.params,
        state: 'running',
        started_at: new Date(run.clock.now()).toISOString(),
      };
      try {
        await writeDurably(path, record);
      } catch (thrown) {
        if (foreignCode(thrown) === 'EEXIST') throw runIsTaken(run, path);
        throw ledgerError(`the run could not be recorded in ${path}`, thrown);
      }
    },
    async end({ state, counts, exitCode, error }) {
      try {
        const begun = JSON.parse(await readFile(path, 'utf8'));
        const ended_at = new Date(run.clock.now()).toISOString();
        const beside = `${path}.${process.pid}.new`;
        await writeDurably(beside, { ...begun, state, counts, exit_code: exitCode, error, ended_at });
        await rename(beside, path);
        await syncFolder(dirname(path));
      } catch (thrown) {
        throw ledgerError(`the run's end could not be recorded in ${path}`, thrown);
      }
    },
  };
}

/** Makes a new file; its content and its name have reached the disk when this returns. */
async function writeDurably(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** Makes the names of a folder durable; where a folder cannot be opened (Windows) its system does that itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function ledgerError(what: string, cause: unknown): RtnError {
  return new RtnError('storage', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

function runIsTaken(run: Run, path: string): RtnError {
  return new RtnError(
    'configuration',
    `the run id '${run.id}' is taken: the ledger already has a run of that name (${path})`,
    { next: 'start with another --run-id, or without one to get a new id' },
  );
}
