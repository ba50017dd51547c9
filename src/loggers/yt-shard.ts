import { type Bitmap, rangesOf, SEGMENT_SIZE, type StoredClaims, type Unsent } from '../pipeline/claims.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';
import { fileNameOf } from '../pipeline/file-name.js';
import type { Lease, RunState } from '../pipeline/ledger.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { TransactionRef } from '../yt/options.js';

const NO_SUCH_PATH = 500;

/** The names of a GET stand in a header, which must not grow without bound. */
const NAMES_AT_ONCE = 500;

/** Where the runs of a log stand: a folder beside it, with one node a run. */
export function runsPath(logPath: string): string {
  return `${logPath}.rtn/runs`;
}

/** The node of a run: a map node whose attributes are its record, with one child a shard. */
export function runPath(logPath: string, runId: string): string {
  return `${runsPath(logPath)}/${fileNameOf(runId)}`;
}

/** The node of a shard: an empty map node whose attributes are what the ledger knows of it. */
export function shardPath(logPath: string, runId: string, shard: number): string {
  return `${runPath(logPath, runId)}/${shard}`;
}

/** The attribute `lease` of a shard's node. */
export interface StoredLease {
  readonly token: number;
  readonly holder: string;
  readonly beat: number;
  readonly finished: { readonly selection: string | null } | null;
  /** The transaction that lives as long as the holder does: the prerequisite of all that it writes. */
  readonly transaction: string;
  /** As of the last renewal. */
  readonly counts: Counts | null;
  readonly ended_at: string | null;
}

/** The attribute `write` of a shard's node: the last batch of results. */
export interface StoredWrite {
  readonly number: number;
  readonly token: number;
  readonly watermark: number;
  readonly counts: Counts;
}

/** An attribute `start_<token>` of a shard's node. */
export interface StoredStart {
  readonly token: number;
  readonly holder: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly state: RunState;
  readonly counts: Counts | null;
  readonly exit_code: number | null;
  readonly error: string | null;
}

/** Those attributes of a shard's node that there are; segments have the names `claimed_<n>`, `done_<n>`, `unsent_<n>`. */
export interface ShardAttributes extends Readonly<Record<string, unknown>> {
  readonly lease?: StoredLease;
  readonly write?: StoredWrite;
}

export function leaseOf({ token, holder, beat, finished }: StoredLease): Lease {
  return { token, holder, beat, finished: finished ?? undefined };
}

/** What is known of the counts of the start that has, or had, the lease. */
export function countsOf({ lease, write }: ShardAttributes): Counts | null {
  const renewed = lease?.counts ?? null;
  if (write === undefined || write.token !== lease?.token) return renewed;
  return renewed === null || loggedTotal(write.counts) > loggedTotal(renewed) ? write.counts : renewed;
}

/** The attributes that are wanted; none where the node is not there. */
export async function readShard(
  client: YtClient,
  path: string,
  isWanted: (name: string) => boolean,
): Promise<ShardAttributes> {
  const { user_attribute_keys: names = [] } = await readAttributes(client, path, ['user_attribute_keys']);
  const wanted = (names as string[]).filter(isWanted);
  const found: Record<string, unknown> = {};
  for (let at = 0; at < wanted.length; at += NAMES_AT_ONCE)
    Object.assign(found, await readAttributes(client, path, wanted.slice(at, at + NAMES_AT_ONCE)));
  return found;
}

/** Those of the named attributes that the node has; none where it is not there. */
export async function readAttributes(
  client: YtClient,
  path: string,
  names: readonly string[],
  transaction?: TransactionRef,
): Promise<ShardAttributes> {
  try {
    return (await client.get(`${path}/@`, { attributes: names, transaction })) as ShardAttributes;
  } catch (thrown) {
    if (hasYtCode(thrown, NO_SUCH_PATH)) return {};
    throw thrown;
  }
}

/** Bitmaps as attributes. */
export function bitmapAttributes(
  which: 'claimed' | 'done',
  bitmaps: readonly Bitmap[],
): Record<string, string> {
  return Object.fromEntries(
    bitmaps.map(({ index, bits }) => [`${which}_${index}`, Buffer.from(bits).toString('base64')]),
  );
}

/** Attributes as claims; what a segment below the watermark has left behind counts for nothing. */
export function claimsOf(attributes: ShardAttributes): StoredClaims {
  const watermark = attributes.write?.watermark ?? 0;
  const indexes = new Set<number>();
  for (const name in attributes) {
    const index = segmentOf(name, ['claimed', 'done']);
    if (index !== undefined && index * SEGMENT_SIZE >= watermark) indexes.add(index);
  }
  const bits = (name: string) => Buffer.from((attributes[name] as string | undefined) ?? '', 'base64');
  const segments = [...indexes]
    .sort((a, b) => a - b)
    .map((index) => ({ index, claimed: bits(`claimed_${index}`), done: bits(`done_${index}`) }));
  return { watermark, segments };
}

/** The segment that an attribute of one of these kinds is about. */
export function segmentOf(name: string, kinds: readonly string[]): number | undefined {
  const [, kind, index] = /^([a-z]+)_(\d+)$/.exec(name) ?? [];
  return kind !== undefined && kinds.includes(kind) ? Number(index) : undefined;
}

/** What was not sent in one segment, as an attribute: position ranges by reason, `{"throttled": "3-17,20"}`. */
export function unsentAttribute(unsent: readonly Unsent[]): Record<string, string> {
  const byReason = new Map<string, number[]>();
  for (const { position, reason } of unsent) {
    const positions = byReason.get(reason);
    if (positions === undefined) byReason.set(reason, [position]);
    else positions.push(position);
  }
  return Object.fromEntries(
    [...byReason].map(([reason, positions]) => [
      reason,
      rangesOf(positions)
        .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
        .join(','),
    ]),
  );
}

/** The attribute `unsent_<n>` read back, in ascending order. */
export function unsentOf(value: unknown): Unsent[] {
  const unsent: Unsent[] = [];
  for (const [reason, ranges] of Object.entries(value as Record<string, string>)) {
    for (const range of ranges.split(',')) {
      const [first = 0, last = first] = range.split('-').map(Number);
      for (let position = first; position <= last; position++) unsent.push({ position, reason });
    }
  }
  return unsent.sort((a, b) => a.position - b.position);
}
