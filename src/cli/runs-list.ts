import { type Command, Option } from 'commander';
import { oneLine, RtnError } from '../error.js';
import type { KnownRun, RunFilter } from '../loggers/run-store.js';
import { count, duration } from '../observe/progress.js';
import { holderText, isHolderGone } from '../pipeline/holder.js';
import type { StartRecord } from '../pipeline/ledger.js';
import type { Outcome } from '../pipeline/record.js';
import { type RunTally, standingOf, tallyOf } from '../pipeline/run-tally.js';
import { shownJson, shownText } from '../report/mask.js';
import { tableText } from '../report/table.js';
import { type PlaceOptions, withLog, withStore } from './run-place.js';
import type { Session } from './session.js';
import { since, wholeNumber } from './time-words.js';

interface ListOptions extends PlaceOptions {
  readonly operation?: string;
  readonly state?: 'running' | 'finished' | 'stopped';
  readonly since?: number;
  readonly limit: number;
  readonly json?: boolean;
}

const OUTCOMES: readonly Outcome[] = ['sent', 'rejected', 'failed', 'unknown', 'skipped'];

/** `rtn runs` without more: a line a run, the newest first. */
export function registerList(command: Command, session: Session): void {
  withLog(command)
    .option('--operation <name>', 'only runs of this operation')
    .addOption(
      new Option(
        '--state <state>',
        'only runs in this state; running has those too that pause or died',
      ).choices(['running', 'finished', 'stopped']),
    )
    .option('--since <when>', 'only runs begun since then: 24h, 7d, a day, or a time with its zone', since)
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nDATABASE_URL says where Postgres is, YT_PROXY and YT_TOKEN where YTsaurus is.\n\nExamples:\n  rtn runs\n  rtn runs --state running --json\n  rtn runs --log yt://home/log/push --since 24h\n  rtn runs show driver_push-3f2a9c01d7e4\n  rtn runs rate driver_push-3f2a9c01d7e4 200',
    )
    .allowExcessArguments()
    .action((options: ListOptions, { args: [word], commands }: Command) => {
      if (word !== undefined) throw noSuchVerb(word, commands);
      return withStore(options, session, async (store) => {
        const { operation, state, since: sinceMs, limit, json } = options;
        const filter: RunFilter = { operation, state, sinceMs, limit };
        const runs = await store.list(filter);
        if (json === true) session.out(shownJson(runs.map(asJson)));
        else if (runs.length === 0) session.out(`There is none in ${store.address}.\n`);
        else session.out(asText(runs, session));
        if (runs.length === limit && json !== true)
          session.err(`The newest ${limit}; --limit ${limit * 5} shows more.\n`);
      });
    });
}

function noSuchVerb(word: string, commands: readonly Command[]): RtnError {
  const names = commands.map((command) => command.name());
  return new RtnError(
    'usage',
    `there is no rtn runs ${oneLine(word, 80)}: expected ${names.join(', ')}, or nothing for the list`,
    { next: 'rtn runs --help' },
  );
}

/** Columns of outcomes that no run has are left out; every other cell has a word, so that awk counts right. */
function asText(runs: readonly KnownRun[], { columns }: Session): string {
  const tallied = runs.map((run) => ({ ...run, tally: tallyOf(run.starts, Date.now()) }));
  const hasTasks = runs.some(({ record }) => record.plan.task !== undefined);
  const outcomes = OUTCOMES.filter(
    (outcome) => outcome === 'sent' || tallied.some(({ tally }) => tally.counts.logged[outcome] > 0),
  );
  const rows = tallied.map(({ record, tally }) => ({
    id: record.runId,
    operation: record.operation,
    version: record.version,
    state: standingOf(record, tally),
    started: secondOf(record.startedAt),
    took: duration(tally.activeMs / 1_000),
    ...Object.fromEntries(outcomes.map((outcome) => [outcome, tally.counts.logged[outcome]])),
    ...(hasTasks && { done: tally.work === undefined ? '-' : workText(tally.work) }),
    '/s': Math.round(tally.perSecond),
    holder: holdersText(tally),
  }));
  return tableText(rows, { width: columns });
}

/** What a machine is told of a run in a list, and of the one that is shown. */
export function asJson({ record, starts }: KnownRun): object {
  const tally = tallyOf(starts, Date.now());
  return {
    ...record,
    standing: standingOf(record, tally),
    activeMs: tally.activeMs,
    perSecond: Math.round(tally.perSecond * 10) / 10,
    counts: tally.counts,
    work: tally.work ?? null,
    holders: tally.running.map(({ shard, holder }) => ({ shard, holder, isGone: isHolderGone(holder) })),
  };
}

/** What a task has done: `12,000 rows`. */
export function workText({ done, unit }: NonNullable<RunTally['work']>): string {
  return `${count(done)} ${shownText(unit, 40)}`;
}

function holdersText({ running }: RunTally): string {
  const [first, ...others] = running;
  if (first === undefined) return '-';
  return others.length === 0 ? startHolder(first) : `${running.length} processes`;
}

/** Who has a start; whether its process is gone is only seen on the machine that it ran on. */
export function startHolder({ holder, state }: StartRecord): string {
  return `${holderText(holder)}${state === 'running' && isHolderGone(holder) ? ' (gone)' : ''}`;
}

/** A time to the second. */
export function secondOf(iso: string): string {
  return `${iso.slice(0, 19)}Z`;
}
