import type { Command } from 'commander';
import { oneLine, RtnError } from '../error.js';
import { findRoot, workTree } from '../git/worktree.js';
import { type KnownRun, LEDGER_OF_DATABASE, openRunStore, type RunStore } from '../loggers/run-store.js';
import { isMap } from '../registry/jsonSchema.js';
import { loadRegistry } from '../registry/registry.js';
import type { Session } from './session.js';

export interface PlaceOptions {
  readonly log?: string;
}

const LOG_MEANING =
  'location of the log whose runs are meant: pg:TABLE, yt:PATH or file:FOLDER (default: all runs in the database of DATABASE_URL; without one, the log that all outputs of the registry here default to)';

/** Adds `--log` to a verb that works on the runs of a store; `withStore` reads it. */
export function withLog(command: Command): Command {
  return command.option('--log <location>', LOG_MEANING);
}

/** Does something with the store that the options mean, and closes it. */
export async function withStore<Result>(
  { log }: PlaceOptions,
  session: Session,
  use: (store: RunStore) => Promise<Result>,
): Promise<Result> {
  const store = await openRunStore(log ?? (await usualLocation(session)), session.env);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** The run of this id. Throws `usage` where the store has none. */
export async function theRun(store: RunStore, runId: string): Promise<KnownRun> {
  const run = await store.find(runId);
  if (run !== undefined) return run;
  throw new RtnError('usage', `there is no run '${oneLine(runId, 200)}' in ${store.address}`, {
    next: 'rtn runs lists those that there are; --log LOCATION looks into another store',
  });
}

/** Where runs are kept when nobody says it. */
async function usualLocation(session: Session): Promise<string> {
  if ((session.env.DATABASE_URL ?? '') !== '') return LEDGER_OF_DATABASE;
  const known = await logsOfRegistry(session);
  const [only] = known;
  if (only !== undefined && known.length === 1) return only;
  const got =
    only === undefined
      ? 'no registry here has an output with a location by default'
      : `the registry here has several logs: ${known.map((location) => oneLine(location, 200)).join(', ')}`;
  throw new RtnError('usage', `which log's runs? DATABASE_URL is not set, and ${got}`, {
    next: 'give --log pg:TABLE, --log yt:PATH or --log file:FOLDER, or set DATABASE_URL',
  });
}

/** What the send logs of the registry around this folder default to, each once; all of Postgres is one ledger. */
async function logsOfRegistry(session: Session): Promise<string[]> {
  const root = findRoot(session.cwd);
  if (root === undefined) return [];
  const registry = loadRegistry(workTree(root), await session.components());
  const locations = registry.all('operation').flatMap(({ status, document }) => {
    if (status === 'withdrawn' || !isMap(document.outputs)) return [];
    return Object.values(document.outputs).flatMap((output) =>
      isMap(output) && output.type === 'send-log' && typeof output.default === 'string'
        ? [output.default.startsWith('pg:') ? LEDGER_OF_DATABASE : output.default]
        : [],
    );
  });
  return [...new Set(locations)].sort();
}
