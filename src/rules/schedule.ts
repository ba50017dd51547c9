import type { ScheduleFile } from '../registry/scheduleFile.js';
import { suggestion } from '../registry/spelling.js';
import { type CronFields, parseCron } from '../schedule/cron.js';
import { clockChanges } from '../schedule/daylight.js';
import { shortestGapMs } from '../schedule/gap.js';
import type { Schedule } from '../schedule/schedule.js';
import { isTimeZone, timeZones } from '../schedule/zone.js';
import { at, atKey, type Found, type Judged, type Rule } from './rule.js';
import { nameKey, schedulesIn } from './schedules.js';

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 24 * 60 * MINUTE_MS;

const cron: Rule = {
  id: 'schedule/cron',
  severity: 'error',
  doc: 'cron holds five fields: minute, hour, day of month, month, day of week, each numbers, *, lists, ranges, steps behind * or a range, or names of months and days. What only some schedulers read (seconds, @daily, L, #, ?, W, H), what they read differently, and a date that never comes, such as 30 February, are mistakes.',
  *check(judged) {
    for (const { file, name, schedule } of schedulesOf(judged)) {
      const parsed = parseCron(schedule.cron);
      if ('mistake' in parsed) yield at(file, ['schedules', name, 'cron'], parsed.mistake);
    }
  },
};

const zone: Rule = {
  id: 'schedule/zone',
  severity: 'error',
  doc: "time_zone is no name of IANA's list, such as Europe/Berlin or UTC, or is written otherwise than there. An engine that does not know the zone starts nothing, most often without a word. Offsets such as +03:00 are not read by all of them: Etc/GMT-3 is three hours ahead of UTC.",
  *check(judged) {
    for (const { file, name, schedule } of schedulesOf(judged)) {
      const { timeZone } = schedule;
      if (isTimeZone(timeZone)) continue;
      const near = suggestion(timeZone, timeZones());
      const hint = near.startsWith('; did') ? near : '; expected a name such as UTC or Europe/Berlin';
      yield at(file, ['schedules', name, 'time_zone'], `there is no time zone '${timeZone}'${hint}`);
    }
  },
};

const daylight: Rule = {
  id: 'schedule/dst',
  severity: 'warning',
  doc: 'A schedule names an hour that daylight saving skips or repeats in its time zone within a year. rtn runs once right after the jump what was skipped, and what comes twice the first time; other engines leave the day out, or run twice. Write it in UTC, or name an hour that no change of the clocks meets.',
  *check(judged) {
    for (const { file, name, schedule } of schedulesOf(judged)) {
      const fields = usableCron(schedule);
      if (fields === undefined) continue;
      const { timeZone } = schedule;
      const fromMs = Date.parse(judged.today);
      const notes = clockChanges(fields, timeZone, fromMs, fromMs + YEAR_MS).map(
        ({ kind, localMs, atMs, afterMs }) => {
          const [day, time] = local(localMs);
          return kind === 'skipped'
            ? `${day}: ${time} is skipped; the schedule runs at ${local(atMs + afterMs)[1]} instead`
            : `${day}: ${time} comes twice; the schedule runs the first time`;
        },
      );
      if (notes.length > 0)
        yield at(
          file,
          ['schedules', name, 'cron'],
          `daylight saving meets '${schedule.cron}' in ${timeZone}; another hour, or time_zone: UTC, would not be met`,
          {
            notes: [...notes, 'engines differ: systemd leaves the skipped day out, Kubernetes may run twice'],
          },
        );
    }
  },
};

const duplicate: Rule = {
  id: 'schedule/name',
  severity: 'error',
  doc: 'Two schedules of the registry have one name, or names that differ only in - and _, which engines with names of one form would not tell apart. Runs are known as name@slot: the second schedule would find its runs done. Give one of them another name.',
  *check({ registry, scheduleFiles }) {
    const owners = new Map<string, { file: ScheduleFile; name: string }[]>();
    for (const file of registry.scheduleFiles)
      for (const [name] of file.entries) {
        const key = nameKey(name);
        owners.set(key, [...(owners.get(key) ?? []), { file, name }]);
      }
    for (const twins of owners.values())
      for (const { file, name } of twins) {
        const other = twins.find((twin) => twin.file !== file || twin.name !== name);
        if (other === undefined || !scheduleFiles.includes(file)) continue;
        yield atKey(
          file,
          ['schedules', name],
          `schedule '${name}' has the name of another, '${other.name}' in ${other.file.path}`,
        );
      }
  },
};

const timing: Rule = {
  id: 'schedule/timing',
  severity: 'error',
  doc: 'Times or policies of a schedule that cannot do what they say: a deadline of less than a minute, which a busy minute alone passes; a timeout of nothing; catch_up: all with overlap: replace, where each run would end the one before. A warning where they say more than will happen: pauses between retries that outlast the time between slots, or catch_up: all with a deadline shorter than that time.',
  *check(judged) {
    for (const { file, name, schedule } of schedulesOf(judged)) yield* timingFaults(file, name, schedule);
  },
};

function* timingFaults(file: ScheduleFile, name: string, schedule: Schedule): Iterable<Found> {
  const { deadlineMs, timeoutMs, overlap, catchUp, retries } = schedule;
  const told = (key: string, message: string, severity?: 'warning') =>
    at(file, ['schedules', name, ...key.split('.')], message, severity && { severity });
  if (deadlineMs !== undefined && deadlineMs < MINUTE_MS)
    yield told(
      'deadline',
      'a deadline of less than a minute misses slots when the machine is busy; expected 1m or more',
    );
  if (timeoutMs !== undefined && timeoutMs < 1_000)
    yield told('timeout', 'a timeout of less than a second ends every run; expected something like 1h');
  if (catchUp === 'all' && overlap === 'replace')
    yield told(
      'catch_up',
      'with overlap: replace each run that is caught up on would end the one before; expected latest or none',
    );
  if (usableCron(schedule) === undefined) return;
  const betweenMs = shortestGapMs(schedule);
  if (betweenMs === Number.POSITIVE_INFINITY) return;
  if (catchUp === 'all' && deadlineMs !== undefined && deadlineMs < betweenMs)
    yield told(
      'catch_up',
      `a slot that is later than the deadline is missed, and slots are ${minutes(betweenMs)} apart: all is no more than latest`,
      'warning',
    );
  const waitMs = retries.attempts * retries.pauseMs;
  if (waitMs >= betweenMs && overlap === 'forbid')
    yield told(
      'retries',
      `the pauses between ${retries.attempts} retries take ${minutes(waitMs)}, and slots are ${minutes(betweenMs)} apart: with overlap: forbid the next ones would be missed`,
      'warning',
    );
}

function usableCron({ cron: text, timeZone }: Schedule): CronFields | undefined {
  const parsed = parseCron(text);
  return 'fields' in parsed && isTimeZone(timeZone) ? parsed.fields : undefined;
}

function minutes(timeMs: number): string {
  return `${timeMs / MINUTE_MS}m`;
}

/** Day and minute. */
function local(timeMs: number): [day: string, time: string] {
  const iso = new Date(timeMs).toISOString();
  return [iso.slice(0, 10), iso.slice(11, 16)];
}

function* schedulesOf({ scheduleFiles }: Judged) {
  for (const file of scheduleFiles)
    for (const [name, schedule] of schedulesIn(file)) yield { file, name, schedule };
}

export const SCHEDULE_RULES: readonly Rule[] = [cron, zone, daylight, duplicate, timing];
