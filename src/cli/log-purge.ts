import type { Command } from 'commander';
import { oneLine, RtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import type { KnownRun, RowFilter, RunStore } from '../loggers/run-store.js';
import { count } from '../observe/progress.js';
import { sensitiveDigest } from '../pipeline/sensitive.js';
import { shownJson } from '../report/mask.js';
import { type PlaceOptions, theRun, withStore } from './run-place.js';
import type { Session } from './session.js';
import { age } from './time-words.js';

interface PurgeOptions extends PlaceOptions {
  readonly olderThan?: number;
  readonly recipient?: string;
  readonly run?: string;
  readonly abandon?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is to go: rows of the log, and the ledger's records of these runs. */
interface Plan {
  readonly what: string;
  readonly rows: RowFilter;
  readonly runs: readonly string[];
}

/** Records that are looked through at a time, and removed at most by one command. */
const MOST_RUNS = 100_000;

/** `rtn log purge`: deletes rows of the log for good. */
export function registerPurge(command: Command, session: Session): void {
  command
    .description('Delete rows of the log for good, by age, by recipient or of one run')
    .option(
      '--log <location>',
      'the log: pg:TABLE, yt:PATH or file:FOLDER (with --run by default the one that the run wrote to)',
    )
    .option(
      '--older-than <age>',
      'rows that ended longer ago, such as 30d; records of finished runs, too',
      age,
    )
    .option('--recipient <id>', 'all rows of one recipient, also where the log has the digest')
    .option('--run <id>', 'all rows of a finished run, and its record')
    .option('--abandon', 'with --run: also of one that has not finished; it can then not go on any more')
    .option('--dry-run', 'only tell what would be deleted')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was deleted as JSON')
    .addHelpText(
      'after',
      '\nWithout the record of a run the command that began it begins anew, and sends to everyone again.\n\nExamples:\n  rtn log purge --log pg:driver_push_log --older-than 30d --dry-run\n  rtn log purge --log pg:driver_push_log --recipient d-1017 --yes',
    )
    .action((options: PurgeOptions) =>
      withStore({ ...(options.log !== undefined && { log: options.log }) }, session, (store) =>
        purge(store, options, session),
      ),
    );
}

async function purge(store: RunStore, options: PurgeOptions, session: Session): Promise<void> {
  const plan = await planOf(store, options);
  const rows = await store.countRows(plan.rows);
  const { dryRun, json } = options;
  const said = `${count(rows)} rows${plan.runs.length === 0 ? '' : ` and ${count(plan.runs.length)} records of runs`}: ${plan.what}`;
  if (dryRun === true) {
    session.out(
      json === true ? shownJson({ rows, runs: plan.runs, isDryRun: true }) : `would delete ${said}\n`,
    );
    return;
  }
  if (rows + plan.runs.length > 0 && options.yes !== true) await confirm(said, session);
  const { deleted, kept, reason } = await store.deleteRows(plan.rows, (sofar) => {
    if (session.columns !== undefined && json !== true) session.err(`\r${count(sofar)} rows deleted`);
  });
  if (session.columns !== undefined && json !== true) session.err('\n');
  for (const runId of plan.runs) await store.remove(runId);
  session.out(
    json === true
      ? shownJson({ rows: deleted, kept, reason, runs: plan.runs, isDryRun: false })
      : `deleted ${count(deleted)} rows and ${count(plan.runs.length)} records of runs: ${plan.what}\n`,
  );
  if (kept === 0) return;
  session.err(`${count(kept)} rows were kept: ${reason ?? 'they cannot be deleted now'}\n`);
  session.exitCode = COMMAND_EXIT.findings;
}

async function planOf(store: RunStore, options: PurgeOptions): Promise<Plan> {
  const { olderThan, recipient, run, abandon } = options;
  if ([olderThan, recipient, run].filter((given) => given !== undefined).length !== 1)
    throw new RtnError('usage', 'what is to go? expected one of --older-than, --recipient and --run', {
      next: 'rtn log purge --log pg:TABLE --older-than 30d --dry-run',
    });
  if (recipient !== undefined) {
    const what = `recipient ${oneLine(recipient, 80)}, as it stands and as ${sensitiveDigest(recipient)}`;
    return { what, rows: { recipients: [recipient, sensitiveDigest(recipient)] }, runs: [] };
  }
  if (run !== undefined) {
    requireEnded(await theRun(store, run), abandon === true);
    return { what: `the run ${oneLine(run, 200)}`, rows: { runId: run }, runs: [run] };
  }
  const beforeMs = Date.now() - (olderThan ?? 0);
  const finished = await store.list({ state: 'finished', limit: MOST_RUNS });
  const runs = finished.filter(({ record }) => Date.parse(record.endedAt ?? '') < beforeMs);
  return {
    what: `ended before ${new Date(beforeMs).toISOString()}`,
    rows: { beforeMs },
    runs: runs.map(({ record }) => record.runId),
  };
}

/** The record of a run that has not finished is what keeps its next start from sending twice. */
function requireEnded({ record: { runId, state } }: KnownRun, isAbandoned: boolean): void {
  if (state === 'finished' || (state === 'stopped' && isAbandoned)) return;
  const id = oneLine(runId, 200);
  throw new RtnError(
    'configuration',
    state === 'running'
      ? `the run '${id}' is under way`
      : `the run '${id}' has not finished: its record keeps the next start from sending twice`,
    {
      next:
        state === 'running'
          ? `rtn runs stop ${id}, and wait for its end`
          : `go on with it, or give it up with rtn log purge --run ${id} --abandon`,
    },
  );
}

async function confirm(what: string, session: Session): Promise<void> {
  const next = 'the same command with --dry-run shows it, with --yes does it';
  if (session.ask === undefined)
    throw new RtnError('usage', `this would delete ${what}; nobody can be asked here`, { next });
  const said = await session.ask(`Delete ${what}? (yes/no)`, 'no');
  if (!/^y(es)?$/i.test(said)) throw new RtnError('usage', 'nothing was deleted', { next });
}
