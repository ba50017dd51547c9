import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { toRtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import { isHolderGone } from '../pipeline/holder.js';
import type { Registry } from '../registry/registry.js';
import { shownJson, shownText } from '../report/mask.js';
import { tableText } from '../report/table.js';
import type { Change, History, KnownSlot, SlotFinding, Standing } from '../schedule/history.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import { newSlot } from '../schedule/slots.js';
import { judgeSlot, type SlotRun, type Verdict } from '../schedule/verdict.js';
import { beginLook, endLook, type Looked } from '../schedule/watch.js';
import { sendSlotAlert } from './schedule-alert.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { schedulesOf, tellUnusable } from './schedule-registry.js';
import { cronTimes } from './schedule-times.js';
import { exitText } from './schedule-words.js';
import { type Session, withRoot } from './session.js';
import { ledgerOf, WatchedRuns } from './watched-runs.js';

interface WatchOptions extends HistoryOptions {
  readonly alert?: boolean;
  readonly json?: boolean;
}

/** Alerts that another look has noted since then may be on their way. */
const SENDING_MS = 120_000;

/** Records of a schedule that a look may need: more than the slots that it is about. */
const MOST_RECORDS = 500;

/** `rtn schedule watch`: one look at schedules, whoever starts them. */
export function registerWatch(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .option('--alert', 'send the alerts that schedules ask for, and remember what was told')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Looks up what became of the slots since the last look: in the history, and as the run NAME@SLOT in the ledger that the
operation writes to. A slot is missed when no run of it has begun by its deadline (10 minutes where it has none; its timeout
more where it may have to wait for another); it has failed when its run has, and no other start will follow. A schedule is
watched from the first look at it. Exit code 1 while something is missed or has failed and nothing has succeeded since; 3
when something could not be looked up.

Examples:
  rtn schedule watch
  */5 * * * * rtn schedule watch --alert --root /srv/registry`,
    )
    .action((options: WatchOptions) => watch(options, session));
}

interface Surroundings {
  readonly registry: Registry;
  readonly history: History;
  readonly runs: WatchedRuns;
  readonly session: Session;
}

/** What is told of a schedule: its troubles, and its recovery. */
interface Told {
  readonly schedule: Schedule;
  readonly finding: SlotFinding;
}

async function watch(options: WatchOptions, session: Session): Promise<void> {
  const { registry, schedules, unusable } = await schedulesOf(options, session);
  const told: Told[] = [];
  let isUnsure = false;
  await withHistory(options, session, async (history) => {
    const runs = new WatchedRuns(session.env);
    try {
      for (const schedule of schedules) {
        try {
          const { memory, news } = await look(schedule, options, { registry, history, runs, session });
          const recovered = news.filter(({ event }) => event === 'recovered');
          told.push(...[...memory.troubles, ...recovered].map((finding) => ({ schedule, finding })));
        } catch (thrown) {
          isUnsure = true;
          const { message, next } = toRtnError(thrown);
          session.err(`warning: ${schedule.name} could not be looked up: ${shownText(message)}\n`);
          if (next !== undefined) session.err(`next: ${shownText(next)}\n`);
        }
      }
    } finally {
      await runs.close();
    }
  });
  tell(told, options, session);
  tellUnusable(unusable, session);
  if (told.some(({ finding }) => finding.event !== 'recovered')) session.exitCode = COMMAND_EXIT.findings;
  else if (isUnsure) session.exitCode = COMMAND_EXIT.undetermined;
}

/** Looks until nobody else has looked meanwhile; with `--alert` what was found is remembered, then sent. */
async function look(schedule: Schedule, { alert }: WatchOptions, given: Surroundings): Promise<Looked> {
  const { history, session } = given;
  for (;;) {
    const nowMs = systemClock.now();
    const standing = await standingOf(history, schedule);
    const begun = beginLook(schedule, standing, nowMs, (afterMs, untilMs) =>
      cronTimes.between(schedule, afterMs, untilMs),
    );
    if (begun.passedOver > 0)
      session.err(
        `warning: ${schedule.name}: ${begun.passedOver} slots since the last look are too many to look up\n`,
      );
    const verdicts = await judge(schedule, begun.slots, standing, nowMs, given);
    const looked = endLook(schedule, begun, verdicts, standing.isTroubled);
    if (begun.isNew) session.err(`${schedule.name} is watched from now on\n`);
    if (alert !== true && !begun.isNew) return looked;
    const change: Change = {
      watch: looked.memory,
      ...(looked.isTroubled !== standing.isTroubled && { isTroubled: looked.isTroubled }),
    };
    let isFirst = false;
    await history.change(schedule.name, ({ watch }) => {
      isFirst = JSON.stringify(watch) === JSON.stringify(standing.watch);
      return isFirst ? change : {};
    });
    if (!isFirst) continue;
    const isSending = nowMs - (standing.watch?.toMs ?? 0) < SENDING_MS;
    const { unsent } = looked.memory;
    if (alert === true)
      await send(schedule, isSending ? unsent.filter((each) => looked.news.includes(each)) : unsent, given);
    return looked;
  }
}

async function standingOf(history: History, schedule: Schedule): Promise<Standing> {
  const { standing } = await history.change(
    schedule.name,
    (standing): Change & { readonly standing: Standing } => ({ standing }),
  );
  return standing;
}

async function judge(
  schedule: Schedule,
  slots: readonly number[],
  { cursorMs }: Standing,
  nowMs: number,
  { registry, history, runs, session }: Surroundings,
): Promise<Map<number, Verdict>> {
  const ledger = ledgerOf(schedule, registry);
  if (ledger === undefined && cursorMs === undefined) {
    session.err(`${schedule.name} is not watched: its operation records no runs\n`);
    return new Map();
  }
  if (slots.length === 0) return new Map();
  const known = await history.list({ schedule: schedule.name, limit: MOST_RECORDS });
  const records = new Map(known.map((record) => [record.slotMs, record]));
  const verdicts = new Map<number, Verdict>();
  for (const slotMs of slots) {
    const record = records.get(slotMs);
    let run: SlotRun | undefined;
    if (ledger !== undefined && record?.state !== 'ran')
      run = await runs.find(ledger, slotRunId(schedule.name, slotMs));
    verdicts.set(slotMs, judgeSlot(schedule, slotMs, { record, run, cursorMs, isLeft }, nowMs));
  }
  return verdicts;
}

function isLeft({ server }: KnownSlot): boolean {
  return server !== null && isHolderGone(server);
}

/** One that cannot be sent is tried again by a later look. */
async function send(
  schedule: Schedule,
  findings: readonly SlotFinding[],
  { history, session }: Surroundings,
): Promise<void> {
  for (const { slotMs, event, ...known } of findings) {
    try {
      const slot = { ...newSlot(schedule, slotMs), ...known, alert: event };
      await sendSlotAlert(schedule, slot, { env: session.env, clock: systemClock });
      await history.change(schedule.name, ({ watch }) =>
        watch === undefined
          ? {}
          : {
              watch: {
                ...watch,
                unsent: watch.unsent.filter((each) => each.slotMs !== slotMs || each.event !== event),
              },
            },
      );
    } catch (thrown) {
      session.err(`warning: ${schedule.name}: ${toRtnError(thrown).message}\n`);
    }
  }
}

function tell(told: readonly Told[], { json }: WatchOptions, session: Session): void {
  const rows = told.map(({ schedule: { name, owner }, finding: { slotMs, event, reason, exitCode } }) => ({
    schedule: name,
    slot: slotText(slotMs),
    run: slotRunId(name, slotMs),
    owner: owner ?? '-',
    what: event,
    exit: exitCode === null ? '-' : exitText(exitCode).replace(' ', ':'),
    why: reason ?? '-',
  }));
  const next = (row: (typeof rows)[number]) =>
    row.what === 'failed'
      ? `rtn runs show ${row.run}`
      : `rtn schedule run ${row.schedule} --slot ${row.slot}`;
  const isBad = (row: (typeof rows)[number]) => row.what !== 'recovered';
  if (json === true)
    session.out(shownJson(rows.map((row) => ({ ...row, next: isBad(row) ? next(row) : null }))));
  else if (rows.length === 0) session.out('Nothing is missed, and nothing has failed.\n');
  else {
    session.out(tableText(rows, { width: session.columns }));
    for (const row of rows.filter(isBad).slice(-3)) session.err(`next: ${next(row)}\n`);
  }
}
