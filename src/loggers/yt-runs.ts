import type { StoredClaims, Unsent } from '../pipeline/claims.js';
import type { NewRun, RunControl, RunRecord, RunState, StartRecord } from '../pipeline/ledger.js';
import { NO_CONTROL } from '../pipeline/ledger.js';
import type { RunPlan } from '../pipeline/plan.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import {
  claimsOf,
  countsOf,
  readShard,
  runPath,
  runsPath,
  type StoredLease,
  type StoredStart,
  segmentOf,
  shardPath,
  unsentOf,
} from './yt-shard.js';

const NO_SUCH_PATH = 500;

/** The attributes of a run's node, and of its shards those that tell how the run stands. */
const RECORD_ATTRIBUTES = [
  ...['run_id', 'root_id', 'operation', 'version', 'digest', 'plan', 'control', 'started_at'],
  'lease',
];

/** The attributes of a run's node. `plan` and `control` are JSON text: as values of YT some of it would come back changed. */
interface StoredRun {
  readonly run_id: string;
  readonly root_id: string;
  readonly operation: string;
  readonly version: string;
  readonly digest: string;
  readonly plan: string;
  readonly control?: string;
  readonly started_at: string;
}

/** A node as `get` gives it where attributes are asked for. */
interface Described<Attributes> {
  readonly $attributes?: Attributes;
  readonly $value: unknown;
}

/** What `begin` makes of a run. */
export function runAttributes(run: NewRun, startedAt: string): StoredRun {
  const { runId, rootId, operation, version, digest, plan } = run;
  return {
    run_id: runId,
    root_id: rootId,
    operation,
    version,
    digest,
    plan: JSON.stringify(plan),
    started_at: startedAt,
  };
}

/** All runs that have written to this log, the newest first. */
export async function listYtRuns(client: YtClient, logPath: string): Promise<RunRecord[]> {
  const runs = childrenOf<StoredRun>(await describe(client, runsPath(logPath)));
  return [...runs.values()]
    .flatMap((run) => runRecord(run) ?? [])
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** One run's record; undefined where there is none. */
export async function readYtRun(
  client: YtClient,
  logPath: string,
  runId: string,
): Promise<RunRecord | undefined> {
  const found = await describe(client, runPath(logPath, runId));
  return found === undefined ? undefined : runRecord(found as Described<StoredRun>);
}

/** How the starts of a run have gone, in the order in which they began. */
export async function readYtStarts(client: YtClient, logPath: string, runId: string): Promise<StartRecord[]> {
  const shards = [...childrenOf(await describe(client, runPath(logPath, runId))).keys()].map(Number);
  const starts = await Promise.all(shards.map((shard) => startsOfShard(client, logPath, runId, shard)));
  return starts.flat().sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** What a run's shard has done so far. */
export async function loadYtClaims(
  client: YtClient,
  logPath: string,
  runId: string,
  shard: number,
): Promise<StoredClaims> {
  const isWanted = (name: string) => name === 'write' || segmentOf(name, ['claimed', 'done']) !== undefined;
  return claimsOf(await readShard(client, shardPath(logPath, runId, shard), isWanted));
}

/** How the positions of a run's shard ended that were not sent, in ascending order. */
export async function loadYtUnsent(
  client: YtClient,
  logPath: string,
  runId: string,
  shard: number,
): Promise<Unsent[]> {
  const isWanted = (name: string) => segmentOf(name, ['unsent']) !== undefined;
  const attributes = await readShard(client, shardPath(logPath, runId, shard), isWanted);
  return Object.values(attributes)
    .flatMap(unsentOf)
    .sort((a, b) => a.position - b.position);
}

/** Asks something of a run: its holders learn it at their next renewal. */
export async function setYtControl(
  client: YtClient,
  logPath: string,
  runId: string,
  control: RunControl,
): Promise<void> {
  await client.set(`${runPath(logPath, runId)}/@control`, JSON.stringify(control));
}

/** What was asked of a run. */
export async function readYtControl(client: YtClient, logPath: string, runId: string): Promise<RunControl> {
  const found = (await client.get(`${runPath(logPath, runId)}/@`, { attributes: ['control'] })) as Pick<
    StoredRun,
    'control'
  >;
  return controlOf(found.control);
}

/** Forgets a run: its log stays. */
export async function removeYtRun(client: YtClient, logPath: string, runId: string): Promise<void> {
  await client.remove(runPath(logPath, runId), { recursive: true, force: true });
}

/** A node with its children and their record attributes; undefined where there is none. */
async function describe(client: YtClient, path: string): Promise<unknown> {
  try {
    return await client.get(path, { attributes: RECORD_ATTRIBUTES });
  } catch (thrown) {
    if (hasYtCode(thrown, NO_SUCH_PATH)) return undefined;
    throw thrown;
  }
}

function childrenOf<Attributes>(node: unknown): Map<string, Described<Attributes>> {
  const value = (node as Described<Attributes> | undefined)?.$value ?? node ?? {};
  return new Map(Object.entries(value as Record<string, Described<Attributes>>));
}

/** Undefined for a node that is no run of ours. */
function runRecord(run: Described<StoredRun>): RunRecord | undefined {
  const stored = run.$attributes;
  if (stored?.plan === undefined) return undefined;
  const plan = JSON.parse(stored.plan) as RunPlan;
  const leases = [...childrenOf<{ readonly lease?: StoredLease }>(run).values()].flatMap(
    ({ $attributes }) => $attributes?.lease ?? [],
  );
  const state = stateOf(leases, plan.shards);
  const ends = leases.flatMap(({ ended_at }) => ended_at ?? []).sort();
  return {
    runId: stored.run_id,
    rootId: stored.root_id,
    operation: stored.operation,
    version: stored.version,
    digest: stored.digest,
    plan,
    state,
    control: controlOf(stored.control),
    startedAt: stored.started_at,
    endedAt: state === 'running' ? null : (ends.at(-1) ?? null),
  };
}

/** A run has ended once no shard is held; it is finished when each of them is. */
function stateOf(leases: readonly StoredLease[], shards: number): RunState {
  if (leases.length === 0 || leases.some(({ holder }) => holder !== '')) return 'running';
  return leases.filter(({ finished }) => finished !== null).length === shards ? 'finished' : 'stopped';
}

function controlOf(text: string | undefined): RunControl {
  return text === undefined ? NO_CONTROL : (JSON.parse(text) as RunControl);
}

async function startsOfShard(
  client: YtClient,
  logPath: string,
  runId: string,
  shard: number,
): Promise<StartRecord[]> {
  const isWanted = (name: string) =>
    name === 'lease' || name === 'write' || segmentOf(name, ['start']) !== undefined;
  const attributes = await readShard(client, shardPath(logPath, runId, shard), isWanted);
  return Object.entries(attributes)
    .filter(([name]) => segmentOf(name, ['start']) !== undefined)
    .map(([, value]) => startRecord(value as StoredStart, shard, attributes));
}

function startRecord(
  start: StoredStart,
  shard: number,
  attributes: Parameters<typeof countsOf>[0],
): StartRecord {
  const isLast = start.token === attributes.lease?.token;
  return {
    shard,
    token: start.token,
    holder: start.holder,
    startedAt: start.started_at,
    endedAt: start.ended_at,
    state: start.state,
    counts: start.state === 'running' && isLast ? countsOf(attributes) : start.counts,
    exitCode: start.exit_code,
    error: start.error,
  };
}
