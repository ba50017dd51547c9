import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../clock.js';
import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { thisHolder } from '../pipeline/holder.js';
import type { Change, SlotRecord } from '../schedule/history.js';
import type { SlotRunner } from '../schedule/runners.js';
import { parseSlot, slotRunId, slotText } from '../schedule/slot.js';
import { endedSlot, endWithoutProcess, type SlotEnd, withAlert } from '../schedule/slots.js';
import { sendSlotAlert } from './schedule-alert.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { schedulesOf, theSchedule } from './schedule-registry.js';
import { RegistryRunners } from './schedule-runners.js';
import { ENDING_SIGNALS, type SlotPlace, takeSlot } from './schedule-turn.js';
import { type Session, withRoot } from './session.js';

interface RunOptions extends HistoryOptions {
  readonly slot?: number;
}

/** How often it is looked whether others ask something of the slot. */
const LOOK_MS = 5_000;

/** `rtn schedule run`: one slot, now, in the foreground. */
export function registerRun(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .argument('<name>', 'the schedule, as rtn schedule list tells it')
    .argument('[flags...]', 'behind --: more flags for the runner')
    .option(
      '--slot <slot>',
      'the slot it stands for, such as 2026-11-24T09:17Z: run again, or run late (default: the current minute)',
      slotOption,
    )
    .addHelpText(
      'after',
      `
Runs with the schedule's inputs, outputs and params, as the run NAME@SLOT; the same slot again goes on with the same run
and sends nothing twice. What runs of the schedule counts as its overlap says: forbid refuses, queue and replace wait.
A schedule that is paused can be run so, too. The exit code is that of the runner; ${RUNNER_EXIT.temporary} where something else runs.

Examples:
  rtn schedule run driver_push_night
  rtn schedule run driver_push_night --slot 2026-11-24T09:17Z -- --limit 10`,
    )
    .action((name: string, flags: string[], options: RunOptions) => runSlot(name, flags, options, session));
}

async function runSlot(
  name: string,
  flags: readonly string[],
  options: RunOptions,
  session: Session,
): Promise<void> {
  const { root, ...schedules } = await schedulesOf(options, session);
  const schedule = theSchedule(name, schedules);
  const slotMs = options.slot ?? Math.floor(systemClock.now() / 60_000) * 60_000;
  const server = thisHolder();
  const runners = new RegistryRunners({
    root,
    session,
    clock: systemClock,
    server,
    flags,
    output: () => ({ kind: 'inherit' }),
  });
  await withHistory(options, session, async (history) => {
    const taken = await takeSlot({ schedule, slotMs, server, history, runners, session });
    if (taken === undefined) {
      session.exitCode = RUNNER_EXIT.temporary;
      return;
    }
    session.exitCode = await runTaken(taken, { schedule, history, runners, session });
  });
}

/** Runs a slot that is ours, and writes down how it ended. */
async function runTaken(slot: SlotRecord, given: SlotPlace): Promise<number> {
  const { schedule, history, runners, session } = given;
  let runner: SlotRunner;
  try {
    runner = await runners.start(schedule, slot);
  } catch (thrown) {
    const end = endWithoutProcess(thrown);
    await settle(slot, end, given);
    if (end.exitCode !== RUNNER_EXIT.temporary) throw thrown;
    session.err(`rtn: ${oneLine(end.reason ?? '')}; nothing was started\n`);
    return end.exitCode;
  }
  const { process, version } = runner;
  const record = { ...slot, process, version, startedMs: systemClock.now() };
  const { isOurs } = await history.change(
    schedule.name,
    ({ slots }) => {
      const known = slots.find(({ slotMs }) => slotMs === slot.slotMs);
      const isOurs = known?.server === slot.server && known.attempt === slot.attempt;
      return { isOurs, put: isOurs ? [record] : [] };
    },
    slot.slotMs,
  );
  if (!isOurs) {
    runner.kill();
    void runner.ended.finally(() => runner.release());
    session.err(
      `rtn: ${slotText(slot.slotMs)} of ${schedule.name} was taken by another process; nothing was started\n`,
    );
    return RUNNER_EXIT.temporary;
  }
  session.err(`run ${slotRunId(schedule.name, slot.slotMs)}: ${schedule.operation}@${runner.version}\n`);
  const exitCode = await follow(runner, slot, given);
  await settle(record, { exitCode }, given);
  runner.release();
  return exitCode;
}

/** Passes signals on, and what others ask of the slot in the history. */
async function follow(
  runner: SlotRunner,
  slot: SlotRecord,
  { schedule, history }: SlotPlace,
): Promise<number> {
  const forward = (signal: NodeJS.Signals) => {
    // A terminal sends Ctrl-C to the runner, too. Sent once more it would be the second signal: exit at once.
    if (signal === 'SIGTERM' || process.stdin.isTTY !== true) runner.terminate();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, forward);
  let isTold = false;
  const look = async () => {
    const { stop } = await history.change(
      schedule.name,
      ({ slots }): Change & { readonly stop: string | null } => ({
        stop: slots.find(({ slotMs }) => slotMs === slot.slotMs)?.stop ?? null,
      }),
    );
    if (slot.server !== null) await history.beat(slot.server);
    if (stop === null || isTold) return;
    isTold = true;
    runner.terminate();
  };
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  runner.go();
  try {
    return await runner.ended;
  } finally {
    clearInterval(timer);
    for (const signal of ENDING_SIGNALS) process.off(signal, forward);
  }
}

/** A failure is told to the person who started it, not by an alert; a recovery is told to all. */
async function settle(
  slot: SlotRecord,
  end: SlotEnd,
  { schedule, history, session }: SlotPlace,
): Promise<void> {
  const { settled } = await history.change(
    schedule.name,
    ({ slots, isTroubled }) => {
      const known = slots.find(({ slotMs }) => slotMs === slot.slotMs);
      if (known?.server !== slot.server || known.attempt !== slot.attempt) return { settled: undefined };
      const ended = endedSlot(schedule, { ...slot, stop: known.stop }, end, systemClock.now());
      if (ended.state !== 'ran') return { settled: ended, put: [ended] };
      const after = withAlert(schedule, ended, isTroubled);
      return { settled: after.slot, put: [after.slot], isTroubled: after.isTroubled };
    },
    slot.slotMs,
  );
  if (settled?.alert === null || settled === undefined) return;
  try {
    await sendSlotAlert(schedule, settled, { env: session.env, clock: systemClock });
  } catch (thrown) {
    session.err(`warning: ${thrown instanceof Error ? thrown.message : thrown}\n`);
  }
  await history.change(schedule.name, () => ({ put: [{ ...settled, alert: null }] }), settled.slotMs);
}

function slotOption(text: string): number {
  const slotMs = parseSlot(text);
  if (slotMs === undefined)
    throw new InvalidArgumentError('expected a slot such as 2026-11-24T09:17Z, in UTC.');
  if (slotMs > systemClock.now()) throw new InvalidArgumentError('that slot is still to come.');
  return slotMs;
}
