import type { Command } from 'commander';
import { oneLine, RtnError } from '../error.js';
import { RENEW_EVERY_MS } from '../pipeline/lease.js';
import type { RunControl, RunRecord } from '../pipeline/ledger.js';
import { type RunTally, standingOf, tallyOf } from '../pipeline/run-tally.js';
import { shownJson } from '../report/mask.js';
import { type PlaceOptions, theRun, withLog, withStore } from './run-place.js';
import type { Session } from './session.js';

interface ControlOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** One thing that can be asked of a run. */
interface Request {
  readonly name: string;
  readonly summary: string;
  readonly change: Partial<RunControl>;
  /** What its processes do then. */
  readonly effect: string;
}

const REQUESTS: readonly Request[] = [
  {
    name: 'stop',
    summary: 'End a run: what was read is sent and logged; no start goes on with it before rtn runs resume',
    change: { isStopped: true },
    effect:
      'it reads no more, sends and logs what it has read, and ends; then rtn runs resume, and the same command goes on',
  },
  {
    name: 'pause',
    summary: 'Let a run send nothing for now; its processes stay',
    change: { isPaused: true },
    effect: 'no request leaves until rtn runs resume',
  },
  {
    name: 'resume',
    summary: 'Take back a pause or a stop',
    change: { isStopped: false, isPaused: false },
    effect: 'it sends again',
  },
];

/** `rtn runs stop | pause | resume | rate`: what a run's processes read at their next renewal. */
export function registerControls(runs: Command, session: Session): void {
  for (const { name, summary, change, effect } of REQUESTS)
    withLog(runs.command(name).description(summary))
      .argument('<id>', 'the run')
      .option('--json', 'print how the run stands as JSON')
      .addHelpText('after', `\nExample:\n  rtn runs ${name} driver_push-3f2a9c01d7e4`)
      .action((runId: string, _: unknown, command: Command) =>
        ask(runId, change, effect, command.optsWithGlobals<ControlOptions>(), session),
      );
  withLog(
    runs.command('rate').description("Set the requests a second of a whole run in place of the operation's"),
  )
    .argument('<id>', 'the run')
    .argument('<rate>', 'requests a second of all its processes together, or default')
    .option('--json', 'print how the run stands as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn runs rate driver_push-3f2a9c01d7e4 200\n  rtn runs rate driver_push-3f2a9c01d7e4 default',
    )
    .action((runId: string, text: string, _: unknown, command: Command) => {
      const rate = rateOf(text, runId);
      const effect =
        rate === null ? "it sends at the operation's own rate" : `it sends ${rate} requests a second`;
      return ask(runId, { rate }, effect, command.optsWithGlobals<ControlOptions>(), session);
    });
}

async function ask(
  runId: string,
  change: Partial<RunControl>,
  effect: string,
  options: ControlOptions,
  session: Session,
): Promise<void> {
  await withStore(options, session, async (store) => {
    const { record } = await theRun(store, runId);
    if (record.plan.task !== undefined) requireOfTask(record, change);
    if (record.state === 'finished' && change.isStopped !== false) throw hasFinished(record);
    await store.setControl(runId, change);
    const now = await theRun(store, runId);
    const tally = tallyOf(now.starts, Date.now());
    const standing = standingOf(now.record, tally);
    if (options.json === true)
      session.out(shownJson({ runId, standing, ...now.record.control, processes: tally.running.length }));
    else session.out(`${oneLine(runId, 200)}: ${whenText(now.record, tally, effect, change)}\n`);
  });
}

/** A task can be ended; it has no requests to hold back. */
function requireOfTask({ runId }: RunRecord, { isPaused, rate }: Partial<RunControl>): void {
  if (isPaused !== true && rate === undefined) return;
  const id = oneLine(runId, 200);
  throw new RtnError(
    'usage',
    `'${id}' is the run of a task, which has no requests to pause or to slow down`,
    {
      next: `rtn runs stop ${id}; the same command goes on, after rtn runs resume ${id}`,
    },
  );
}

/** What comes of it: at once where processes run, else with the next start. */
function whenText(record: RunRecord, tally: RunTally, effect: string, change: Partial<RunControl>): string {
  const standing = standingOf(record, tally);
  if (standing === 'died' || record.state !== 'running') {
    const until = record.control.isStopped
      ? 'no start goes on with it before rtn runs resume'
      : 'the command that began it goes on with it';
    return `${standing}, nobody sends; ${change.rate === undefined ? until : `with the next start ${effect}`}`;
  }
  if (record.plan.task !== undefined && record.control.isStopped)
    return `within ${RENEW_EVERY_MS / 1_000} s it is told to end: what it has begun is finished, nothing new is begun`;
  const within = `within ${RENEW_EVERY_MS / 1_000} s`;
  return `${within} ${effect} (${tally.running.length} ${tally.running.length === 1 ? 'process' : 'processes'})`;
}

function rateOf(text: string, runId: string): number | null {
  if (text === 'default') return null;
  const rate = Number(text);
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text) && rate > 0) return rate;
  const id = oneLine(runId, 200);
  throw new RtnError('usage', `the rate is '${oneLine(text, 80)}', expected a number above 0, or default`, {
    next: `rtn runs rate ${id} 200; rtn runs pause ${id} sends nothing at all`,
  });
}

function hasFinished({ runId, endedAt }: RunRecord): RtnError {
  return new RtnError(
    'configuration',
    `the run '${oneLine(runId, 200)}' finished ${endedAt ?? 'already'}: nothing is left to change`,
    { next: `rtn runs show ${oneLine(runId, 200)}` },
  );
}
