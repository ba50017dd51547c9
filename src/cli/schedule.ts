import type { Command } from 'commander';
import { registerList } from './schedule-list.js';
import { registerNext } from './schedule-next.js';
import type { Session } from './session.js';

/** `rtn schedule`: what the registry starts by the clock. */
export function register(command: Command, session: Session): void {
  // An option behind a sub-verb is its own.
  command
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  rtn schedule list\n  rtn schedule next driver_push_pg2yt --count 3',
    );
  registerList(command.command('list').description('List the schedules of the registry'), session);
  registerNext(command.command('next').description('Tell when schedules are due next'), session);
}
