import { oneLine } from '../error.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry } from '../registry/registry.js';
import { shownText } from '../report/mask.js';
import { loadSchedules } from '../rules/schedules.js';
import type { Schedule } from '../schedule/schedule.js';
import { alertWarnings } from './schedule-alert.js';
import { scheduleFilesMark } from './schedule-files.js';
import type { Session } from './session.js';

/** So often it is looked whether a schedules.yaml has changed. */
const REREAD_MS = 5_000;

/**
 * Reads the schedules, and tells what cannot be used of them. One that was usable before goes on as it was, for as long as
 * its entry stands there with a mistake.
 */
export function scheduleReader(
  root: string,
  session: Session,
  tell: (line: string) => void,
): () => Promise<readonly Schedule[]> {
  let before: readonly Schedule[] = [];
  return async () => {
    const registry = loadRegistry(workTree(root), await session.components());
    const { schedules, unusable } = loadSchedules(registry);
    const kept = before.filter(
      ({ name, operation }) =>
        schedules.every((schedule) => schedule.name !== name) &&
        unusable.some((mistake) => mistake.operation === operation && (mistake.schedule ?? name) === name),
    );
    for (const { line } of unusable) tell(`left out: ${shownText(line)}`);
    for (const { name } of kept) tell(`${name} goes on as it was`);
    if (unusable.length > 0) tell('next: rtn check');
    const served = [...schedules, ...kept];
    for (const line of alertWarnings(served, session.env)) tell(`warning: ${line}`);
    const paused = schedules.filter(({ isPaused }) => isPaused).length;
    tell(
      `read ${schedules.length} ${schedules.length === 1 ? 'schedule' : 'schedules'}${paused === 0 ? '' : `, ${paused} of them paused`}`,
    );
    before = served;
    return served;
  };
}

/** Reads again when the files are no more as `mark` (schedule-files.ts) says; gives what ends that. */
export function rereadOnChange(
  root: string,
  mark: string,
  read: () => Promise<void>,
  tell: (line: string) => void,
): () => void {
  let known = mark;
  let isReading = false;
  const look = async () => {
    const now = scheduleFilesMark(root);
    if (isReading || now === known) return;
    isReading = true;
    try {
      await read();
      known = now;
    } catch (thrown) {
      known = now;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      tell(`error: the schedules could not be read again, the old ones stay: ${oneLine(message)}`);
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => void look(), REREAD_MS);
  return () => clearInterval(timer);
}
