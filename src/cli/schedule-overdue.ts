import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { toRtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import { LEDGER_OF_DATABASE, openRunStore, type RunStore } from '../loggers/run-store.js';
import { isHolderGone } from '../pipeline/holder.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import { shownJson } from '../report/mask.js';
import { tableText } from '../report/table.js';
import { resolutionOf } from '../rules/schedules.js';
import { expectCron, previousSlot } from '../schedule/cron.js';
import type { History } from '../schedule/history.js';
import { judgePunctuality, latestStartMs, type Punctuality } from '../schedule/overdue.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import { newSlot } from '../schedule/slots.js';
import { sendSlotAlert } from './schedule-alert.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { schedulesOf, tellUnusable } from './schedule-registry.js';
import { type Session, withRoot } from './session.js';

interface OverdueOptions extends HistoryOptions {
  readonly alert?: boolean;
  readonly json?: boolean;
}

type Overdue = Extract<Punctuality, { kind: 'overdue' }>;

/** `rtn schedule overdue`: a watcher, wherever schedules are run. */
export function registerOverdue(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .option('--alert', 'send the alert of each schedule that is overdue, once a slot')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
The last slot that should have begun by now must be in the history, or its run NAME@SLOT in the ledger of the operation's
log. A slot has until its deadline to begin (10 minutes where it has none), and the timeout more where it may have to wait
for another. A schedule that is looked at for the first time is watched from now on. Exit code 1 when something is overdue.

Examples:
  rtn schedule overdue
  */5 * * * * rtn schedule overdue --alert --root /srv/registry`,
    )
    .action((options: OverdueOptions) => overdue(options, session));
}

async function overdue(options: OverdueOptions, session: Session): Promise<void> {
  const { registry, schedules, unusable } = await schedulesOf(options, session);
  const found = await withHistory(options, session, async (history) => {
    const ledgers = new Ledgers(session.env);
    try {
      const late: { schedule: Schedule; overdue: Overdue }[] = [];
      for (const schedule of schedules) {
        const punctuality = await judge(schedule, { registry, history, ledgers });
        if (punctuality.kind === 'new') session.err(`${schedule.name} is watched from now on\n`);
        if (punctuality.kind === 'overdue') late.push({ schedule, overdue: punctuality });
      }
      if (options.alert === true)
        for (const each of late) if (!each.overdue.isTold) await alert(each, history, session);
      return late;
    } finally {
      await ledgers.close();
    }
  });
  const rows = found.map(({ schedule, overdue: { slotMs, reason } }) => ({
    schedule: schedule.name,
    slot: slotText(slotMs),
    run: slotRunId(schedule.name, slotMs),
    owner: schedule.owner ?? '-',
    why: reason,
  }));
  if (options.json === true) session.out(shownJson(rows));
  else session.out(rows.length === 0 ? 'Nothing is overdue.\n' : tableText(rows, { width: session.columns }));
  tellUnusable(unusable, session);
  if (rows.length > 0) session.exitCode = COMMAND_EXIT.findings;
}

async function judge(
  schedule: Schedule,
  { registry, history, ledgers }: { registry: Registry; history: History; ledgers: Ledgers },
): Promise<Punctuality> {
  const nowMs = systemClock.now();
  const slotMs = previousSlot(expectCron(schedule.cron), schedule.timeZone, nowMs - latestStartMs(schedule));
  const look = (hasRun: boolean) =>
    history.change(
      schedule.name,
      (standing) =>
        judgePunctuality(schedule, standing, slotMs, {
          nowMs,
          hasRun,
          isLeft: ({ server }) => server !== null && isHolderGone(server),
        }),
      slotMs,
    );
  const { found } = await look(false);
  if (found.kind !== 'overdue') return found;
  const log = logOf(schedule, registry);
  const hasRun = log !== undefined && (await ledgers.has(log, slotRunId(schedule.name, found.slotMs)));
  return hasRun ? (await look(true)).found : found;
}

/** Where the log of the schedule's runs is; undefined for an operation that keeps none. */
function logOf(schedule: Schedule, registry: Registry): string | undefined {
  const resolution = resolutionOf(registry, schedule, { allowsDrafts: true });
  if (!('operation' in resolution) || !isMap(resolution.operation.document.outputs)) return undefined;
  for (const [name, output] of Object.entries(resolution.operation.document.outputs)) {
    if (!isMap(output) || output.type !== 'send-log') continue;
    const location = schedule.outputs[name] ?? output.default;
    if (typeof location === 'string') return location;
  }
  return undefined;
}

/** The ledgers of several logs, each opened once. */
class Ledgers {
  readonly #env: Session['env'];
  readonly #stores = new Map<string, Promise<RunStore>>();

  constructor(env: Session['env']) {
    this.#env = env;
  }

  async has(log: string, runId: string): Promise<boolean> {
    const location = log.startsWith('pg:') ? LEDGER_OF_DATABASE : log;
    const store = this.#stores.get(location) ?? openRunStore(location, this.#env);
    this.#stores.set(location, store);
    try {
      return (await (await store).find(runId)) !== undefined;
    } catch (thrown) {
      const error = toRtnError(thrown);
      // No ledger there yet: nothing has run.
      if (error.code === 'configuration') return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const store of this.#stores.values()) await store.then((opened) => opened.close()).catch(() => {});
  }
}

/** Told once: the next look finds that it was, or tries again where it could not be sent. */
async function alert(
  { schedule, overdue: { slotMs, reason } }: { schedule: Schedule; overdue: Overdue },
  history: History,
  session: Session,
): Promise<void> {
  if (schedule.alert?.events.includes('missed') !== true) return;
  const slot = { ...newSlot(schedule, slotMs), reason, alert: 'missed' } as const;
  try {
    await sendSlotAlert(schedule, slot, { env: session.env, clock: systemClock });
    await history.change(schedule.name, () => ({ overdueMs: slotMs }));
  } catch (thrown) {
    session.err(`warning: ${schedule.name}: ${toRtnError(thrown).message}\n`);
  }
}
