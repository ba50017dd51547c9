import type { Command } from 'commander';
import { duration } from '../observe/progress.js';
import { shownJson, shownText } from '../report/mask.js';
import { tableText } from '../report/table.js';
import type { KnownSlot } from '../schedule/history.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { exitText, slotJson, stateText } from './schedule-words.js';
import { type Session, withRoot } from './session.js';
import { wholeNumber } from './time-words.js';

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
      withHistory(options, session, async (history) => {
        const { limit, json } = options;
        const [slots, known] = [await history.list({ schedule, limit }), await history.schedules()];
        for (const { message, next } of await history.unreadable())
          session.err(
            `left out: ${shownText(message)}\n${next === undefined ? '' : `next: ${shownText(next)}\n`}`,
          );
        if (json === true) {
          session.out(shownJson(slots.map((slot) => ({ ...slotJson(slot), state: stateText(slot) }))));
          return;
        }
        if (slots.length === 0) session.out(`There is none in ${history.address}.\n`);
        else session.out(tableText(slots.map(rowOf), { width: session.columns }));
        const paused = known.filter((each) => each.isPaused && (schedule ?? each.schedule) === each.schedule);
        for (const each of paused) session.err(`${each.schedule} is paused\n`);
        tellNext(slots, session);
      }),
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

/** What to do about the newest one that failed. */
function tellNext(slots: readonly KnownSlot[], session: Session): void {
  const troubled = slots.find(({ state }) => state === 'failed' || state === 'missed');
  if (troubled === undefined) return;
  const slot = slotText(troubled.slotMs);
  const look =
    troubled.state === 'failed' ? `rtn runs show ${slotRunId(troubled.schedule, troubled.slotMs)}; ` : '';
  session.err(`next: ${look}rtn schedule run ${troubled.schedule} --slot ${slot} starts it again\n`);
}
