import type { Command } from 'commander';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { schedulesOf, theSchedule } from './schedule-registry.js';
import { type Session, withRoot } from './session.js';

/** `rtn schedule pause`: nothing of it is started until it is resumed. */
export function registerPause(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .argument('<name>', 'the schedule, as rtn schedule list tells it')
    .addHelpText(
      'after',
      '\nWhat runs goes on. Slots that pass meanwhile are neither run nor missed, and not caught up.\n\nExample:\n  rtn schedule pause driver_push_night',
    )
    .action(async (name: string, options: HistoryOptions) => {
      const schedule = theSchedule(name, await schedulesOf(options, session));
      await withHistory(options, session, async (history) => {
        await history.change(schedule.name, () => ({ isPaused: true }));
        session.out(`${schedule.name} is paused in ${history.address}\n`);
      });
    });
}

/** `rtn schedule resume`: it is due again from the next slot on. */
export function registerResume(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .argument('<name>', 'the schedule, as rtn schedule list tells it')
    .addHelpText('after', '\nExample:\n  rtn schedule resume driver_push_night')
    .action(async (name: string, options: HistoryOptions) => {
      const schedule = theSchedule(name, await schedulesOf(options, session));
      await withHistory(options, session, async (history) => {
        await history.change(schedule.name, ({ isPaused, cursorMs }) =>
          // Whoever serves it goes on from here: what passed meanwhile is past.
          isPaused
            ? { isPaused: false, ...(cursorMs !== undefined && { cursorMs: Math.max(cursorMs, Date.now()) }) }
            : {},
        );
        session.out(
          schedule.isPaused
            ? `${schedule.name} stays paused: its entry in operations/${schedule.operation}/schedules.yaml says so\n`
            : `${schedule.name} goes on with its next slot\n`,
        );
      });
    });
}
