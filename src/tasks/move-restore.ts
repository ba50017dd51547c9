import { RtnError } from '../error.js';
import type { FolderState } from './move-folder.js';
import type { MoveSource } from './move-source.js';

const NEXT = 'see docs/pg2yt.md, "After a restore or a failover"';

/**
 * Throws `configuration` where rows that nobody has moved lie where all had been deleted: Postgres was set back, or they
 * were written with old numbers.
 */
export async function requireMoved(
  source: MoveSource,
  { deleted, cursor, timeline }: FolderState,
): Promise<void> {
  const isOtherTimeline = deleted < cursor && timeline !== source.timeline;
  const unmoved = await source.count(0n, deleted);
  if (!isOtherTimeline && unmoved === 0) return;
  const problem = isOtherTimeline
    ? `Postgres is on timeline ${source.timeline}, and rows up to xid ${cursor} were moved on timeline ${timeline}`
    : `${unmoved} rows of ${source.table.text} have an xid below ${deleted}, where all rows had been moved and deleted`;
  throw new RtnError('configuration', `rows may not have been moved, and are not deleted: ${problem}`, {
    next: NEXT,
  });
}

/** Throws `configuration` where the horizon lies below the cursor: a cluster that was set back gives old numbers again. */
export function requireAhead({ cursor }: FolderState, horizon: bigint): void {
  if (horizon >= cursor) return;
  throw new RtnError(
    'configuration',
    `Postgres is behind the folder: its horizon is xid ${horizon}, and the log was moved up to ${cursor}`,
    { next: NEXT },
  );
}
