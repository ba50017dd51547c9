import { startLocalYt } from '../../../src/local/yt/server.js';
import { listYtRuns, loadYtClaims } from '../../../src/loggers/yt-runs.js';
import { Claims } from '../../../src/pipeline/claims.js';
import { openYtClient, type YtClient } from '../../../src/yt/client.js';
import { inputLines, loggedRows, type Store } from './store.js';

/** Input, log and ledger in tables of a local cluster. */
export async function ytStore(directory: string): Promise<Store> {
  const server = await startLocalYt({ directory });
  const client = openYtClient({ proxy: server.address });
  return {
    name: 'yt',
    async close() {
      await client.close();
      await server.close();
    },
    async place(name, rows) {
      const [input, log] = [`//home/${name}/rows`, `//home/${name}/log`];
      await client.create('table', input, { recursive: true });
      await client.writeTable(input, inputLines(rows));
      return {
        input: `yt:${input}`,
        log: `yt:${log}`,
        environment: { YT_PROXY: server.address },
        settled: async () => {},
        async doubts() {
          const [run] = await listYtRuns(client, log);
          if (run === undefined) return [];
          return [...new Claims(await loadYtClaims(client, log, run.runId, 0)).openPositions()];
        },
        logged: async () => loggedRows(await textOf(client, log)),
      };
    },
  };
}

async function textOf(client: YtClient, path: string): Promise<string> {
  let text = '';
  for await (const lines of await client.readTable(path)) text += lines.toString();
  return text;
}
