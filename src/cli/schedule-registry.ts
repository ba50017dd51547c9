import { oneLine, RtnError } from '../error.js';
import { workTree } from '../git/worktree.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { shownText } from '../report/mask.js';
import { loadSchedules, type Schedules } from '../rules/schedules.js';
import type { Schedule } from '../schedule/schedule.js';
import { rootOf, type Session } from './session.js';

/** The registry that the command line names, and its schedules. */
export async function schedulesOf(
  options: { readonly root?: string },
  session: Session,
): Promise<Schedules & { readonly root: string; readonly registry: Registry }> {
  const root = rootOf(options, session);
  const registry = loadRegistry(workTree(root), await session.components());
  return { root, registry, ...loadSchedules(registry) };
}

/** For a verb that may do without a registry. */
export const NO_SCHEDULES: Schedules = { schedules: [], unusable: [] };

/**
 * The schedule of a name; throws `usage` where there is none, `configuration` where its entry has a mistake. `others` are
 * names that may have been meant, too.
 */
export function theSchedule(
  name: string,
  { schedules, unusable }: Schedules,
  others: readonly string[] = [],
): Schedule {
  const found = schedules.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  const mistake = unusable.find(({ schedule }) => schedule === name);
  if (mistake !== undefined)
    throw new RtnError('configuration', shownText(mistake.line), { next: 'rtn check' });
  const names = [...new Set([...schedules.map((schedule) => schedule.name), ...others])];
  const hint = names.length === 0 ? '; the registry has none that can be used' : suggestion(name, names);
  throw new RtnError('usage', `there is no schedule '${oneLine(name, 80)}'${hint}`, {
    next: 'rtn schedule list',
  });
}

/** On standard error, so that a table stays one. */
export function tellUnusable(unusable: Schedules['unusable'], session: Session): void {
  for (const { line } of unusable) session.err(`left out: ${shownText(line)}\n`);
  if (unusable.length > 0) session.err('next: rtn check\n');
}
