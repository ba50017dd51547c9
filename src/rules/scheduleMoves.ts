import { referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { type Resolved, resolutionOf, schedulesIn, type Unresolved } from './schedules.js';

/** What a change of a registry does to its schedules: a line for each that starts another version afterwards, or nothing. */
export function scheduleMoves(before: Registry, after: Registry): string[] {
  return after.scheduleFiles.flatMap((file) =>
    schedulesIn(file).flatMap(([name, schedule]) => {
      const [was, is] = [resolutionOf(before, schedule), resolutionOf(after, schedule)];
      if (startedBy(was) === startedBy(is)) return [];
      return 'operation' in is
        ? [
            `schedule ${name} starts ${startedBy(is)} from now on${'operation' in was ? `, not ${startedBy(was)}` : ''}`,
          ]
        : [`schedule ${name} starts nothing from now on: ${is.problem}`];
    }),
  );
}

function startedBy(resolution: Resolved | Unresolved): string | undefined {
  return 'operation' in resolution ? referenceTo(resolution.operation) : undefined;
}
