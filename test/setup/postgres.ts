import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLocalPostgres } from '../../src/local/postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the Postgres that all test files share; take a database of your own with `testDatabase`. */
    readonly postgresUrl: string;
  }
}

/** One real Postgres for the whole test run, gone with its files at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'rtn-test-postgres-'));
  await chmod(directory, 0o755);
  const postgres = await startLocalPostgres({ directory, settings: { fsync: 'off' } });
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  };
}
