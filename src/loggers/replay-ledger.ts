import type { PoolClient } from 'pg';
import { oneLine, RtnError } from '../error.js';
import { Claims, type DoneChange } from '../pipeline/claims.js';
import { holderText, isHolderGone } from '../pipeline/holder.js';
import type { Outcome } from '../pipeline/record.js';
import { type Grant, requireGrants } from '../postgres/grants.js';
import { doneValues, NOTE_DONE } from './postgres-done.js';

/** What a replay does with the ledger. */
const GRANTS: readonly Grant[] = [
  { on: 'schema', name: 'rtn', privileges: ['usage'] },
  { on: 'table', name: 'rtn.runs', privileges: ['select'] },
  { on: 'table', name: 'rtn.leases', privileges: ['select', 'update'] },
  { on: 'table', name: 'rtn.claims', privileges: ['select', 'insert', 'update', 'delete'] },
  { on: 'table', name: 'rtn.unsent', privileges: ['select', 'insert'] },
];

/** Spilled rows of one run, as the ledger has to know of them. */
interface Spilled {
  readonly position: number;
  readonly outcome: Outcome;
}

/** A shard of a run that was locked for as long as the transaction lasts. */
interface Shard {
  readonly shard: number;
  readonly claims: Claims;
}

/** The transaction's rows that are durable already, by run: they may have been moved out of the log since. */
export interface Replaying {
  readonly done: ReadonlyMap<string, readonly number[]>;
  /** Notes in the ledger that the others are durable now: their runs neither send nor log them again. */
  settle(client: PoolClient): Promise<void>;
}

/**
 * Compares spilled rows, those of the temporary table `rtn_spilled`, with what the ledger knows of their runs, whose
 * leases stay locked until the transaction ends. A run that the ledger does not know is left to the log. Throws
 * `temporary` while a run is going on: it keeps its own account of what is done.
 */
export async function replaying(client: PoolClient): Promise<Replaying> {
  const done = new Map<string, number[]>();
  const changes: { runId: string; shard: number; change: DoneChange }[] = [];
  for (const runId of await knownRuns(client)) {
    const shards = await lockShards(client, runId);
    const standing: number[] = [];
    const fresh = new Map<Shard, Spilled[]>();
    for (const row of await spilledOf(client, runId)) {
      const own = shards.find(({ claims }) => claims.isOpen(row.position));
      if (own === undefined && isDone(shards, row.position)) standing.push(row.position);
      else if (own !== undefined || shards.length === 1) add(fresh, own ?? (shards[0] as Shard), row);
    }
    if (standing.length > 0) done.set(runId, standing);
    for (const [{ shard, claims }, rows] of fresh)
      changes.push({ runId, shard, change: claims.settle(rows) });
  }
  return {
    done,
    async settle(inside) {
      for (const { runId, shard, change } of changes)
        await inside.query(
          `${NOTE_DONE} update rtn.leases set watermark = $7 where run_id = $1 and shard = $2`,
          doneValues(runId, shard, change),
        );
    },
  };
}

/** With several shards the watermark of one says nothing of another's positions. */
function isDone(shards: readonly Shard[], position: number): boolean {
  return shards.some(
    ({ claims }) => claims.isDone(position) && (shards.length === 1 || position >= claims.watermark),
  );
}

function add(lists: Map<Shard, Spilled[]>, shard: Shard, row: Spilled): void {
  const list = lists.get(shard);
  if (list === undefined) lists.set(shard, [row]);
  else list.push(row);
}

async function knownRuns(client: PoolClient): Promise<string[]> {
  const { rows: found } = await client.query("select to_regnamespace('rtn') is not null as exists");
  if (found[0]?.exists !== true) return [];
  await requireGrants(client, 'the replayed rows cannot be noted in the ledger', GRANTS);
  const { rows } = await client.query<{ run_id: string }>(
    'select run_id from rtn.runs where run_id in (select run_id from rtn_spilled) order by run_id',
  );
  return rows.map(({ run_id }) => run_id);
}

async function lockShards(client: PoolClient, runId: string): Promise<Shard[]> {
  const { rows } = await client.query<{ shard: number; holder: string; watermark: string }>(
    'select shard, holder, watermark from rtn.leases where run_id = $1 order by shard for update',
    [runId],
  );
  const held = rows.find(({ holder }) => !isHolderGone(holder));
  if (held !== undefined)
    throw new RtnError(
      'temporary',
      `the run '${oneLine(runId, 200)}' is going on: ${holderText(held.holder)} has it`,
      { next: 'run the same command again when it has ended; a start of the run writes its spill file too' },
    );
  const { rows: segments } = await client.query<{
    shard: number;
    segment: string;
    claimed: Buffer;
    done: Buffer;
  }>('select shard, segment, claimed, done from rtn.claims where run_id = $1', [runId]);
  return rows.map(({ shard, watermark }) => ({
    shard,
    claims: new Claims({
      watermark: Number(watermark),
      segments: segments
        .filter((segment) => segment.shard === shard)
        .map(({ segment, claimed, done }) => ({ index: Number(segment), claimed, done })),
    }),
  }));
}

async function spilledOf(client: PoolClient, runId: string): Promise<Spilled[]> {
  const { rows } = await client.query<{ position: string; outcome: Outcome }>(
    'select distinct on (position) position, outcome from rtn_spilled where run_id = $1 order by position',
    [runId],
  );
  return rows.map(({ position, outcome }) => ({ position: Number(position), outcome }));
}
