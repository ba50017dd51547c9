import type { Command } from 'commander';
import { registerPause, registerResume } from './schedule-control.js';
import { registerHistory } from './schedule-history.js';
import { registerList } from './schedule-list.js';
import { registerNext } from './schedule-next.js';
import { registerRun } from './schedule-run.js';
import { registerServe } from './schedule-serve.js';
import { registerWatch } from './schedule-watch.js';
import type { Session } from './session.js';

/** `rtn schedule`: what the registry starts by the clock. */
export function register(command: Command, session: Session): void {
  // An option behind a sub-verb is its own.
  command
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  rtn schedule list\n  rtn schedule next driver_push_pg2yt --count 3\n  rtn schedule serve',
    );
  const add = (name: string, summary: string) => command.command(name).description(summary);
  registerList(add('list', 'List the schedules of the registry'), session);
  registerNext(add('next', 'Tell when schedules are due next'), session);
  registerRun(add('run', 'Run a slot of a schedule now'), session);
  registerPause(add('pause', 'Start nothing of a schedule until it is resumed'), session);
  registerResume(add('resume', 'Let a paused schedule go on'), session);
  registerHistory(add('history', 'Tell what became of the slots'), session);
  registerServe(add('serve', 'Start schedules at their slots: the scheduler itself'), session);
  registerWatch(add('watch', 'Look once whether schedules have run, whoever starts them'), session);
}
