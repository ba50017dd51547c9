import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openHistory } from '../loggers/schedule-history.js';
import type { History } from '../schedule/history.js';
import { rootOf, type Session } from './session.js';

export interface HistoryOptions {
  readonly root?: string;
  readonly history?: string;
}

/** Where a laptop's history is, below the registry. */
const OWN_FOLDER = '.rtn';
const HISTORY_FOLDER = `${OWN_FOLDER}/schedule`;

/** Adds `--history` to a verb that works on the history of schedules; `withHistory` reads it. */
export function withHistoryOption(command: Command): Command {
  return command.option(
    '--history <location>',
    `where it is kept what became of the slots: pg: (in the database of DATABASE_URL) or file:FOLDER (default: pg: where DATABASE_URL is set, else file:${HISTORY_FOLDER} in the registry)`,
  );
}

/** Does something with the history that the options mean, and closes it; `keeps` where it may write to it. */
export async function withHistory<Result>(
  options: HistoryOptions,
  session: Session,
  use: (history: History) => Promise<Result>,
  { keeps = true } = {},
): Promise<Result> {
  const location = locationOf(options, session);
  const isUsualFolder = options.history === undefined && location !== 'pg:';
  if (keeps && isUsualFolder) makeOwnFolder(rootOf(options, session));
  const history = await openHistory(location, session.env);
  try {
    return await use(history);
  } finally {
    await history.close();
  }
}

/** `--history`, or where it is without. */
export function locationOf(options: HistoryOptions, session: Session): string {
  if (options.history !== undefined) return options.history;
  if ((session.env.DATABASE_URL ?? '') !== '') return 'pg:';
  return `file:${join(rootOf(options, session), HISTORY_FOLDER)}`;
}

/** Makes the folder of what is no part of the registry, for git too. The history tells what cannot be written. */
function makeOwnFolder(root: string): void {
  const folder = join(root, OWN_FOLDER);
  try {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined)
      writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch {}
}
