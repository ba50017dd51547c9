import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFileRuns, loadFileClaims } from '../../../src/loggers/file-runs.js';
import { Claims } from '../../../src/pipeline/claims.js';
import { inputFile, loggedRows, type Store } from './store.js';

/** Log and ledger in files; each run has a folder of its own. */
export function fileStore(): Store {
  return {
    name: 'file',
    close: async () => {},
    async place(_, rows, folder) {
      const log = join(folder, 'log');
      return {
        input: inputFile(rows, folder),
        log: `file:${log}`,
        environment: {},
        settled: async () => {},
        async doubts() {
          const [run] = existsSync(log) ? await listFileRuns(log) : [];
          if (run === undefined) return [];
          return [...new Claims(await loadFileClaims(log, run.runId, 0)).openPositions()];
        },
        async logged() {
          const names = readdirSync(log).filter((name) => name.endsWith('.ndjson'));
          return names.flatMap((name) => loggedRows(readFileSync(join(log, name), 'utf8')));
        },
      };
    },
  };
}
