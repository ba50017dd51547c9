import type { Command } from 'commander';
import { referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { shownJson } from '../report/mask.js';
import { tableText } from '../report/table.js';
import { resolutionOf } from '../rules/schedules.js';
import { expectCron, nextSlot as firstAfter } from '../schedule/cron.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotText } from '../schedule/slot.js';
import { localText } from '../schedule/zone.js';
import { type LookOptions, withLookOptions } from './look.js';
import { schedulesOf, tellUnusable } from './schedule-registry.js';
import type { Session } from './session.js';

/** `rtn schedule list`: a line a schedule. */
export function registerList(command: Command, session: Session): void {
  withLookOptions(command)
    .addHelpText('after', '\nExamples:\n  rtn schedule list\n  rtn schedule list --json')
    .action(async (options: LookOptions) => {
      const { registry, schedules, unusable } = await schedulesOf(options, session);
      const lines = schedules.map((schedule) => lineOf(schedule, registry, Date.now()));
      if (options.json === true) session.out(shownJson(lines));
      else if (lines.length === 0)
        session.out('There is none: operations/<name>/schedules.yaml would hold it.\n');
      else session.out(tableText(rowsOf(lines), { width: session.columns }));
      tellUnusable(unusable, session);
    });
}

interface Line extends Schedule {
  /** `name@version` that it starts as things stand; null where it starts nothing. */
  readonly starts: string | null;
  /** Why it starts nothing. */
  readonly problem: string | null;
  /** The slot that is due next, paused or not; null where none is for years. */
  readonly nextSlot: string | null;
  readonly nextLocal: string | null;
}

function lineOf(schedule: Schedule, registry: Registry, nowMs: number): Line {
  const resolution = resolutionOf(registry, schedule);
  const slotMs = firstAfter(expectCron(schedule.cron), schedule.timeZone, nowMs);
  return {
    ...schedule,
    ...('operation' in resolution
      ? { starts: referenceTo(resolution.operation), runner: resolution.runner, problem: null }
      : { starts: null, problem: resolution.problem }),
    nextSlot: slotMs === undefined ? null : slotText(slotMs),
    nextLocal: slotMs === undefined ? null : localText(schedule.timeZone, slotMs),
  };
}

/** Every cell has a word, so that awk counts right; the reason why something starts nothing comes last, if there is one. */
function rowsOf(lines: readonly Line[]) {
  const hasProblems = lines.some(({ problem }) => problem !== null);
  return lines.map(({ name, project, starts, cron, timeZone, nextSlot, nextLocal, isPaused, problem }) => ({
    name,
    project: project ?? '-',
    starts: starts ?? 'nothing',
    cron,
    zone: timeZone,
    next: nextSlot ?? '-',
    local: nextLocal ?? '-',
    paused: isPaused ? 'paused' : '-',
    ...(hasProblems && { problem: problem ?? '-' }),
  }));
}
