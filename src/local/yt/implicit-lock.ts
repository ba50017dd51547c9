import type { Call } from './call.js';
import type { LockMode } from './locks.js';
import type { NodeRecord } from './node.js';

/** The lock that a change needs: kept by the call's transaction, or only checked when there is none, as the change is over at once. */
export function takeLock(
  { cluster, view }: Pick<Call, 'cluster' | 'view'>,
  node: NodeRecord,
  mode: LockMode,
  part: string | undefined,
  path: string,
): void {
  cluster.locks.check(node, mode, part, view.transaction, path);
  if (view.transaction !== undefined) cluster.locks.add(node, mode, part, view.transaction);
}
