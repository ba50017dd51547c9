import type { Command } from 'commander';
import { referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { shownJson } from '../report/mask.js';
import { tableText } from '../report/table.js';
import { resolutionOf } from '../rules/schedules.js';
import { expectCron, nextSlot } from '../schedule/cron.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotText } from '../schedule/slot.js';
import { localText } from '../schedule/zone.js';
import { type LookOptions, withLookOptions } from './look.js';
import { scheduleJson } from './schedule-json.js';
import { type HistoryOptions, withHistoryOption } from './schedule-place.js';
import { schedulesOf, tellUnusable } from './schedule-registry.js';
import type { Session } from './session.js';
import { storedPauses } from './stored-pauses.js';

/** `rtn schedule list`: a line a schedule. */
export function registerList(command: Command, session: Session): void {
  withHistoryOption(withLookOptions(command))
    .addHelpText(
      'after',
      '\npaused: yaml, its entry says so; store, by rtn schedule pause.\n\nExamples:\n  rtn schedule list\n  rtn schedule list --json',
    )
    .action(async (options: LookOptions & HistoryOptions) => {
      const { registry, schedules, unusable } = await schedulesOf(options, session);
      const pauses = await storedPauses(options, session);
      const nowMs = Date.now();
      const lines = schedules.map((schedule) => lineOf(schedule, { registry, pauses, nowMs }));
      if (options.json === true) session.out(shownJson(lines.map(jsonOf)));
      else if (lines.length === 0)
        session.out('There is none: operations/<name>/schedules.yaml would hold it.\n');
      else session.out(tableText(rowsOf(lines), { width: session.columns }));
      tellUnusable(unusable, session);
    });
}

interface Line {
  readonly schedule: Schedule;
  /** `name@version` that it starts as things stand; null where it starts nothing. */
  readonly starts: string | null;
  /** Why it starts nothing. */
  readonly problem: string | null;
  /** The slot that is due next, paused or not; null where none is for years. */
  readonly next: string | null;
  readonly local: string | null;
  readonly pausedBy: 'yaml' | 'store' | null;
}

interface Surroundings {
  readonly registry: Registry;
  readonly pauses: ReadonlySet<string>;
  readonly nowMs: number;
}

function lineOf(schedule: Schedule, { registry, pauses, nowMs }: Surroundings): Line {
  const resolution = resolutionOf(registry, schedule);
  const slotMs = nextSlot(expectCron(schedule.cron), schedule.timeZone, nowMs);
  return {
    ...('operation' in resolution
      ? {
          schedule: { ...schedule, runner: resolution.runner },
          starts: referenceTo(resolution.operation),
          problem: null,
        }
      : { schedule, starts: null, problem: resolution.problem }),
    next: slotMs === undefined ? null : slotText(slotMs),
    local: slotMs === undefined ? null : localText(schedule.timeZone, slotMs),
    pausedBy: pausedBy(schedule, pauses),
  };
}

function pausedBy({ name, isPaused }: Schedule, pauses: ReadonlySet<string>): Line['pausedBy'] {
  if (isPaused) return 'yaml';
  return pauses.has(name) ? 'store' : null;
}

function jsonOf({ schedule, starts, problem, next, local, pausedBy }: Line): Record<string, unknown> {
  return {
    ...scheduleJson(schedule),
    paused: pausedBy !== null,
    paused_by: pausedBy,
    starts,
    problem,
    next_slot: next,
    next_local: local,
  };
}

/** Every cell has a word, so that awk counts right; the reason why something starts nothing comes last, if there is one. */
function rowsOf(lines: readonly Line[]) {
  const hasProblems = lines.some(({ problem }) => problem !== null);
  return lines.map(({ schedule, starts, next, local, pausedBy, problem }) => ({
    name: schedule.name,
    project: schedule.project ?? '-',
    starts: starts ?? 'nothing',
    cron: schedule.cron,
    zone: schedule.timeZone,
    next: next ?? '-',
    local: local ?? '-',
    paused: pausedBy ?? '-',
    ...(hasProblems && { problem: problem ?? '-' }),
  }));
}
