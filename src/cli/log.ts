import type { Command } from 'commander';
import { COMMAND_EXIT } from '../exit.js';
import type { Replayed } from '../loggers/replay.js';
import { registerExport } from './log-export.js';
import { registerPurge } from './log-purge.js';
import type { Session } from './session.js';

/** Broken lines that are told one by one. */
const MOST_LINES = 20;

/** `rtn log`: the rows of a send log, and those that a runner could not write to it. */
export function register(command: Command, session: Session): void {
  command.addHelpText(
    'after',
    '\nExamples:\n  rtn log export --log pg:driver_push_log --since 24h\n  rtn log purge --log pg:driver_push_log --older-than 30d --dry-run\n  rtn log replay /var/lib/rtn/driver_push-20261123T100000-1a2b3c.spill.ndjson',
  );
  registerExport(command.command('export'), session);
  registerPurge(command.command('purge'), session);
  command
    .command('replay')
    .description('Write the rows of a spill file to the log, each once however often it is run')
    .argument('<file>', 'the file that the runner named')
    .option(
      '--log <location>',
      'location of the log, such as pg:TABLE (default: the one that the file names)',
    )
    .addHelpText(
      'after',
      '\nDATABASE_URL says where Postgres is.\n\nExit codes: 0 every row stands in the log, 1 some lines are broken.',
    )
    .action(async (file: string, options: { readonly log?: string }) => {
      const { replaySpill } = await import('../loggers/replay.js');
      const replayed = await replaySpill(file, { log: options.log, environment: session.env });
      session.out(replayedText(file, replayed));
      if (replayed.broken.length > 0) session.exitCode = COMMAND_EXIT.findings;
    });
}

function replayedText(file: string, { log, written, stood, broken }: Replayed): string {
  const lines = [`${log}: ${written} written, ${stood} stood there already`];
  for (const { number, problem } of broken.slice(0, MOST_LINES))
    lines.push(`${file}:${number}: ${problem}; it was not written`);
  if (broken.length > MOST_LINES) lines.push(`and ${broken.length - MOST_LINES} more broken lines`);
  lines.push(
    broken.length === 0
      ? `Every row of ${file} stands in the log; the file can be removed.`
      : `Keep ${file}: mend these lines, then run the same command again. The other rows stand in the log.`,
  );
  return `${lines.join('\n')}\n`;
}
