import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { FileLog } from '../../src/loggers/file-log.js';
import { listFileRuns, loadFileUnsent, readFileStarts, setFileControl } from '../../src/loggers/file-runs.js';
import { fileNameOf } from '../../src/pipeline/file-name.js';
import type { Store } from './ledger-start.js';

export function storeIn(folder: string): Store {
  return {
    async open(run) {
      const log = new FileLog(folder);
      await log.open(run);
      return log;
    },
    logged: async (runId) => loggedIn(folder, runId),
    record: async (runId) => (await listFileRuns(folder)).find((run) => run.runId === runId),
    starts: (runId) => readFileStarts(folder, runId),
    unsent: (runId) => loadFileUnsent(folder, runId, 0),
    control: (runId, control) => setFileControl(folder, runId, control),
  };
}

/** The positions in all logs of a run. */
export function loggedIn(folder: string, runId: string): number[] {
  const isLog = (name: string) => name.startsWith(`${fileNameOf(runId)}.`) && name.endsWith('.ndjson');
  return readdirSync(folder)
    .filter(isLog)
    .flatMap((name) => positionsIn(join(folder, name)));
}

export function positionsIn(path: string): number[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line).position);
}
