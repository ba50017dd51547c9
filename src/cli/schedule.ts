import type { Command } from 'commander';
import { registerList } from './schedule-list.js';
import { registerNext } from './schedule-next.js';
import type { Session } from './session.js';

/** `rtn schedule`: what the registry starts by the clock. */
export function register(command: Command, session: Session): void {
  registerList(command.command('list').description('List the schedules of the registry'), session);
  registerNext(command.command('next').description('Tell when schedules are due next'), session);
}
