import type { Command } from 'commander';
import { RUNNER_EXIT } from '../exit.js';
import { findRoot } from '../git/worktree.js';
import { duration } from '../observe/progress.js';
import { shownJson, shownText } from '../report/mask.js';
import { tableText } from '../report/table.js';
import type { KnownSchedule, KnownSlot } from '../schedule/history.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { NO_SCHEDULES, schedulesOf, theSchedule } from './schedule-registry.js';
import { exitText, slotJson, stateText } from './schedule-words.js';
import { type Session, withRoot } from './session.js';
import { wholeNumber } from './time-words.js';

/** A runner that ends with one of these has begun no run, as a rule. */
const BEFORE_THE_RUN: readonly number[] = [RUNNER_EXIT.usage, RUNNER_EXIT.configuration];

interface HistoryVerbOptions extends HistoryOptions {
  readonly limit: number;
  readonly json?: boolean;
}

/** `rtn schedule history`: what became of the slots, the newest first. */
export function registerHistory(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .argument('[name]', 'the schedule; all of them without')
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nran: exit code 0; failed: another one; missed: no run, and why; skipped: on purpose; waiting: for its turn or another try;\ndied: its server is gone, and the next one takes it over.\n\nExamples:\n  rtn schedule history\n  rtn schedule history driver_push_night --limit 100 --json',
    )
    .action((schedule: string | undefined, options: HistoryVerbOptions) =>
      withHistory(
        options,
        session,
        async (history) => {
          const { limit, json } = options;
          const [slots, known] = [await history.list({ schedule, limit }), await history.schedules()];
          if (schedule !== undefined && !known.some((each) => each.schedule === schedule))
            await requireInRegistry(schedule, known, options, session);
          for (const { message, next } of await history.unreadable())
            session.err(
              `left out: ${shownText(message)}\n${next === undefined ? '' : `next: ${shownText(next)}\n`}`,
            );
          if (json === true) {
            session.out(shownJson(slots.map((slot) => ({ ...slotJson(slot), state: stateText(slot) }))));
            return;
          }
          if (slots.length === 0)
            session.out(
              `No slots${schedule === undefined ? '' : ` of ${schedule}`} yet in ${history.address}.\n`,
            );
          else session.out(tableText(slots.map(rowOf), { width: session.columns }));
          const paused = known.filter(
            (each) => each.isPaused && (schedule ?? each.schedule) === each.schedule,
          );
          for (const each of paused) session.err(`${each.schedule} is paused\n`);
          tellNext(slots, session);
        },
        { keeps: false },
      ),
    );
}

/** Every cell has a word, so that awk counts right. */
function rowOf(slot: KnownSlot) {
  const { schedule, slotMs, attempt, startedMs, endedMs, exitCode, reason, stop, isManual } = slot;
  const tookMs = startedMs === null ? undefined : (endedMs ?? Date.now()) - startedMs;
  return {
    slot: slotText(slotMs),
    schedule,
    state: stateText(slot),
    by: isManual ? 'hand' : 'clock',
    starts: attempt,
    took: tookMs === undefined ? '-' : duration(Math.max(0, tookMs) / 1_000),
    exit: exitCode === null ? '-' : exitText(exitCode).replace(' ', ':'),
    run: slotRunId(schedule, slotMs),
    why: reason ?? stop ?? '-',
  };
}

/** A schedule that the store does not know has to be one that it may come to know. Throws as `theSchedule` does. */
async function requireInRegistry(
  name: string,
  known: readonly KnownSchedule[],
  options: HistoryOptions,
  session: Session,
): Promise<void> {
  const isOutside = options.root === undefined && findRoot(session.cwd) === undefined;
  const loaded = isOutside ? NO_SCHEDULES : await schedulesOf(options, session);
  theSchedule(
    name,
    loaded,
    known.map(({ schedule }) => schedule),
  );
}

/** What to do about the newest one that failed or was missed and that no newer slot has made good. */
function tellNext(slots: readonly KnownSlot[], session: Session): void {
  const recovered = new Set<string>();
  for (const { schedule, slotMs, state, version, exitCode } of slots) {
    if (state === 'ran') recovered.add(schedule);
    if ((state !== 'failed' && state !== 'missed') || recovered.has(schedule)) continue;
    const isInLedger = version !== null && exitCode !== null && !BEFORE_THE_RUN.includes(exitCode);
    const look = state === 'failed' && isInLedger ? `rtn runs show ${slotRunId(schedule, slotMs)}; ` : '';
    session.err(`next: ${look}rtn schedule run ${schedule} --slot ${slotText(slotMs)} starts it again\n`);
    return;
  }
}
