import { type Command, Option } from 'commander';
import { headText, type RowFormat, rowsText } from '../loggers/log-rows.js';
import { type PlaceOptions, withStore } from './run-place.js';
import type { Session } from './session.js';
import { since } from './time-words.js';

interface ExportOptions extends PlaceOptions {
  readonly run?: string;
  readonly since?: number;
  readonly format: RowFormat;
  readonly verbatim?: boolean;
}

/** `rtn log export`: the rows of a log, to standard output, as fast as they are taken. */
export function registerExport(command: Command, session: Session): void {
  command
    .description('Write rows of the log to standard output')
    .option(
      '--log <location>',
      'the log: pg:TABLE, yt:PATH or file:FOLDER (default: the one that the run of --run wrote to)',
    )
    .option('--run <id>', 'only rows of this run')
    .option('--since <when>', 'only rows finished since then: 24h, 7d, a day, or a time with its zone', since)
    .addOption(
      new Option('--format <format>', 'what a row becomes').choices(['ndjson', 'csv']).default('ndjson'),
    )
    .option('--verbatim', 'CSV: do not put an apostrophe before cells that a spreadsheet takes for formulas')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn log export --log pg:driver_push_log --since 24h > yesterday.ndjson\n  rtn log export --run driver_push-3f2a9c01d7e4 --format csv > run.csv',
    )
    .action((options: ExportOptions) => exportRows(options, session));
}

async function exportRows(
  { log, run: runId, since: sinceMs, format, verbatim }: ExportOptions,
  session: Session,
): Promise<void> {
  const text = { format, isVerbatim: verbatim === true, isForTerminal: session.columns !== undefined };
  await withStore({ ...(log !== undefined && { log }) }, session, async (store) => {
    session.out(headText(text));
    for await (const rows of store.rows({ runId, sinceMs })) {
      session.out(rowsText(rows, text));
      await session.drained?.();
    }
  });
}
