import type { Command } from 'commander';
import type { KnownRun, LogErrors, RunStore, UnsentClass } from '../loggers/run-store.js';
import { Claims, rangesOf } from '../pipeline/claims.js';
import { shownJson } from '../report/mask.js';
import { runPage } from './run-page.js';
import { type PlaceOptions, theRun, withLog, withStore } from './run-place.js';
import { asJson } from './runs-list.js';
import type { Session } from './session.js';

interface ShowOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** All that a store knows of one run. */
export interface RunReport extends KnownRun {
  readonly unsent: readonly UnsentClass[];
  readonly errors: LogErrors;
  /** Positions by shard that are claimed and have no result: on their way while the run runs, else in doubt. */
  readonly open: readonly OpenPositions[];
}

interface OpenPositions {
  readonly shard: number;
  readonly positions: readonly number[];
}

/** `rtn runs show`: one run on one screen. */
export function registerShow(command: Command, session: Session): void {
  withLog(
    command.description(
      'Show what a run is, how its starts went, what came of the messages and what is in doubt',
    ),
  )
    .argument('<id>', 'the run, as rtn runs lists it')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn runs show driver_push-3f2a9c01d7e4\n  rtn runs show driver_push-3f2a9c01d7e4 --json',
    )
    .action((runId: string, _: unknown, verb: Command) => {
      const options = verb.optsWithGlobals<ShowOptions>();
      return withStore(options, session, async (store) => {
        const report = await reportOf(store, runId);
        session.out(options.json === true ? jsonOf(report) : runPage(report, session.columns));
      });
    });
}

async function reportOf(store: RunStore, runId: string): Promise<RunReport> {
  const run = await theRun(store, runId);
  const open: OpenPositions[] = [];
  for (const shard of new Set(run.starts.map((start) => start.shard))) {
    const claims = new Claims(await store.claims(runId, shard));
    if (claims.open > 0) open.push({ shard, positions: [...claims.openPositions()] });
  }
  const [unsent, errors] = [await store.unsent(run.record), await store.errors(run.record)];
  return { ...run, unsent, errors, open };
}

function jsonOf(report: RunReport): string {
  const { unsent, errors, open, starts } = report;
  const positions = open.map(({ shard, positions: list }) => ({
    shard,
    count: list.length,
    ranges: rangesOf(list),
  }));
  return shownJson({ ...asJson(report), starts, unsent, errors, open: positions });
}
