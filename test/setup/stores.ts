import { randomUUID } from 'node:crypto';
import { keepRun } from './kept-run.js';
import { rtn } from './rtn.js';
import { localCluster, temporaryFolder } from './yt.js';

/** An empty log of some kind. */
interface EmptyLog {
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How an empty log of each kind is made, for one test. */
export function emptyLogs(databaseUrl: string): [kind: string, make: () => Promise<EmptyLog>][] {
  return [
    [
      'pg',
      async () => ({ log: `pg:log_${randomUUID().replaceAll('-', '')}`, env: { DATABASE_URL: databaseUrl } }),
    ],
    [
      'yt',
      async () => {
        const { client, address } = await localCluster();
        await client.create('map_node', '//home/crm', { recursive: true });
        return { log: 'yt://home/crm/log', env: { YT_PROXY: address } };
      },
    ],
    ['file', async () => ({ log: `file:${temporaryFolder()}`, env: {} })],
  ];
}

/** A log with the verbs that look after it. */
export async function testStore(make: () => Promise<EmptyLog>) {
  const { log, env } = await make();
  // All logs of a database share one ledger.
  const suffix = randomUUID().slice(0, 8);
  const at = (...words: string[]) => rtn([...words, '--log', log], { env });
  return {
    log,
    env,
    night: `night-${suffix}`,
    noon: `noon-${suffix}`,
    at,
    /** Writes a run. */
    keep: (options: Parameters<typeof keepRun>[2]) => keepRun(log, env, options),
    /** What a verb gives with --json. */
    json: async (...words: string[]) => JSON.parse((await at(...words, '--json')).out),
    /** The rows that `rtn log export` gives. */
    async rows(...words: string[]): Promise<Record<string, unknown>[]> {
      const { out } = await at('log', 'export', ...words);
      return out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    },
  };
}
