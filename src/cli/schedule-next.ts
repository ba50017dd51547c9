import { type Command, InvalidArgumentError } from 'commander';
import { shownJson } from '../report/mask.js';
import { tableText } from '../report/table.js';
import { expectCron, nextSlot } from '../schedule/cron.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotText } from '../schedule/slot.js';
import { localText } from '../schedule/zone.js';
import { type LookOptions, withLookOptions } from './look.js';
import { type HistoryOptions, withHistoryOption } from './schedule-place.js';
import { schedulesOf, tellUnusable, theSchedule } from './schedule-registry.js';
import type { Session } from './session.js';
import { storedPauses } from './stored-pauses.js';
import { wholeNumber } from './time-words.js';

const MAX_COUNT = 10_000;

interface NextOptions extends LookOptions, HistoryOptions {
  readonly count?: number;
}

/** `rtn schedule next`: the slots to come, of one schedule or of all in the order in which they are due. */
export function registerNext(command: Command, session: Session): void {
  withHistoryOption(withLookOptions(command))
    .argument('[name]', 'the schedule, as rtn schedule list tells it; else all that are not paused')
    .option('--count <n>', `how many slots (default: 5, at most ${MAX_COUNT})`, slotCount)
    .addHelpText(
      'after',
      '\nExamples:\n  rtn schedule next\n  rtn schedule next driver_push_pg2yt --count 20\n  rtn schedule next --json',
    )
    .action(async (name: string | undefined, options: NextOptions) => {
      const { schedules, unusable } = await schedulesOf(options, session);
      const pauses = await storedPauses(options, session);
      const isPaused = (schedule: Schedule) => schedule.isPaused || pauses.has(schedule.name);
      const meant =
        name === undefined
          ? schedules.filter((schedule) => !isPaused(schedule))
          : [theSchedule(name, { schedules, unusable })];
      const slots = firstSlots(meant, options.count ?? 5, Date.now());
      if (options.json === true) session.out(shownJson(slots));
      else session.out(slots.length === 0 ? 'None is due.\n' : tableText(slots, { width: session.columns }));
      if (name === undefined) tellUnusable(unusable, session);
      else for (const schedule of meant.filter(isPaused)) session.err(pauseText(schedule));
    });
}

/** That its slots will pass, and what ends that. */
function pauseText({ name, operation, isPaused }: Schedule): string {
  return isPaused
    ? `${name} is paused: its entry in operations/${operation}/schedules.yaml says so\n`
    : `${name} is paused\nnext: rtn schedule resume ${name}\n`;
}

/** The first slots of several schedules together; of those that are due at once, by name. */
function firstSlots(schedules: readonly Schedule[], count: number, nowMs: number) {
  const due = schedules.map((schedule) => {
    const next = (afterMs: number) => nextSlot(expectCron(schedule.cron), schedule.timeZone, afterMs);
    return { schedule, next, slotMs: next(nowMs) };
  });
  const slots: Record<'slot' | 'local' | 'zone' | 'schedule', string>[] = [];
  while (slots.length < count) {
    const first = due.reduce<(typeof due)[number] | undefined>(
      (best, each) =>
        each.slotMs !== undefined && each.slotMs < (best?.slotMs ?? Number.POSITIVE_INFINITY) ? each : best,
      undefined,
    );
    if (first?.slotMs === undefined) break;
    const { name, timeZone } = first.schedule;
    slots.push({
      slot: slotText(first.slotMs),
      local: localText(timeZone, first.slotMs),
      zone: timeZone,
      schedule: name,
    });
    first.slotMs = first.next(first.slotMs);
  }
  return slots;
}

function slotCount(text: string): number {
  const count = wholeNumber(text);
  if (count > MAX_COUNT) throw new InvalidArgumentError(`expected at most ${MAX_COUNT}.`);
  return count;
}
