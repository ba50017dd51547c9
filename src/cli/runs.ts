import type { Command } from 'commander';
import { registerControls } from './runs-control.js';
import { registerList } from './runs-list.js';
import { registerShow } from './runs-show.js';
import type { Session } from './session.js';

/** `rtn runs`: what runs and ran, from the ledger in the log's store, and what a person asks of a run. */
export function register(command: Command, session: Session): void {
  // An option behind `show` or `stop` is theirs.
  command.enablePositionalOptions();
  registerList(command, session);
  registerShow(command.command('show'), session);
  registerControls(command, session);
}
