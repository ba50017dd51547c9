import { oneLine, RtnError } from '../error.js';
import { Claims, type StoredClaims, type Unsent } from './claims.js';
import type { RunRecord } from './ledger.js';
import type { RetryPlan } from './plan.js';

/** What a run has done, over all its shards. */
export interface PastRun {
  readonly runId: string;
  readonly inputIdentity: string | null;
  readonly shards: readonly { readonly claims: StoredClaims; readonly unsent: readonly Unsent[] }[];
}

/** Reasons that `--failed` goes by: no result at the end of all attempts, and none that is for good. */
const FAILED = new Set(['failed', 'retry', 'throttled', 'refresh', 'terminal']);

const IN_DOUBT = new Set(['in-doubt', 'unknown']);

/**
 * How the positions of a run stand that were not sent, after all the runs that have sent parts of it again (`rtn retry`):
 * the reason by position. A run and those linked to it are its family; of each position the last word counts.
 */
function standingOf(family: readonly PastRun[]): ReadonlyMap<number, string> {
  const standing = new Map<number, string>();
  for (const [index, { shards }] of family.entries()) {
    const isRoot = index === 0;
    for (const { claims, unsent } of shards) {
      const known = new Claims(claims);
      if (!isRoot)
        for (const position of standing.keys()) if (known.isDone(position)) standing.delete(position);
      for (const { position, reason } of unsent) standing.set(position, reason);
      for (const position of known.openPositions()) standing.set(position, 'in-doubt');
    }
  }
  return standing;
}

/** The positions that a retry is to send. Throws `configuration` where there is no such run. */
export function retryPositions(family: readonly PastRun[], { of, what }: RetryPlan): ReadonlySet<number> {
  if (family[0]?.runId !== of)
    throw new RtnError('configuration', `the ledger has no run '${oneLine(of, 200)}'`, { next: 'rtn runs' });
  return new Set(
    [...standingOf(family)].filter(([, reason]) => isMeant(reason, what)).map(([position]) => position),
  );
}

/** The positions in doubt in the root that a linked run has decided since. */
export function decidedLater([root, ...linked]: readonly PastRun[]): readonly number[] {
  const later = linked.flatMap(({ shards }) => shards.map(({ claims }) => new Claims(claims)));
  const open = (root?.shards ?? []).flatMap(({ claims }) => [...new Claims(claims).openPositions()]);
  return open.filter((position) => later.some((claims) => claims.isDone(position)));
}

/** Reasons as `rtn retry` names them. */
function isMeant(reason: string, what: string): boolean {
  if (what === 'failed') return FAILED.has(reason);
  return what === 'in-doubt' ? IN_DOUBT.has(reason) : reason === what;
}

/** The family of a run among all runs of a store: the root first, then by their begin. */
export async function gatherFamily(
  records: readonly RunRecord[],
  rootId: string,
  of: {
    claims(runId: string, shard: number): Promise<StoredClaims>;
    unsent(runId: string, shard: number): Promise<readonly Unsent[]>;
  },
): Promise<PastRun[]> {
  const members = records
    .filter((record) => record.rootId === rootId)
    .sort((a, b) => rank(a) - rank(b) || (a.startedAt < b.startedAt ? -1 : 1));
  const family: PastRun[] = [];
  for (const { runId, plan } of members) {
    const shards: PastRun['shards'][number][] = [];
    for (let shard = 0; shard < plan.shards; shard++)
      shards.push({ claims: await of.claims(runId, shard), unsent: await of.unsent(runId, shard) });
    family.push({ runId, inputIdentity: plan.inputIdentity, shards });
  }
  return family;
}

function rank({ runId, rootId }: RunRecord): number {
  return runId === rootId ? 0 : 1;
}
