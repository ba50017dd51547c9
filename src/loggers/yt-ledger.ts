import { type ClaimChange, SEGMENT_SIZE, type StoredClaims, type Unsent } from '../pipeline/claims.js';
import type { Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import { gatherFamily, type PastRun } from '../pipeline/family.js';
import {
  fenced,
  type Lease,
  type Ledger,
  type NewRun,
  type RunControl,
  type RunEnd,
  type RunRecord,
  type Settled,
} from '../pipeline/ledger.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { TransactionOptions, YtTransaction } from '../yt/transaction.js';
import { YtLease } from './yt-lease.js';
import {
  listYtRuns,
  loadYtClaims,
  loadYtUnsent,
  readYtControl,
  readYtRun,
  runAttributes,
} from './yt-runs.js';
import {
  bitmapAttributes,
  claimsOf,
  leaseOf,
  readAttributes,
  readShard,
  runPath,
  type StoredWrite,
  segmentOf,
  shardPath,
  unsentAttribute,
  unsentOf,
} from './yt-shard.js';

const EXISTS = 501;

/**
 * The ledger of one shard on YTsaurus: attributes of the shard's node below the run's. A claim is one request whose
 * prerequisite is the lease's transaction (see yt-lease.ts); a batch of results is a transaction with that prerequisite,
 * in which the rows are appended and then the attributes set.
 */
export class YtLedger implements Ledger {
  readonly #client: YtClient;
  readonly #logPath: string;
  readonly #run: Run;
  readonly #lease: YtLease;
  readonly #path: string;
  /** Batches of results that have been written by this shard, whoever ran it. */
  #lastWrite = 0;
  #watermark = 0;
  /** What was not sent, by segment, in segments that are not done to the last position. */
  readonly #unsent = new Map<number, readonly Unsent[]>();

  constructor(client: YtClient, logPath: string, run: Run) {
    this.#client = client;
    this.#logPath = logPath;
    this.#run = run;
    this.#path = shardPath(logPath, run.id, run.shard);
    this.#lease = new YtLease(client, this.#path, run);
  }

  async begin(run: NewRun): Promise<RunRecord> {
    const attributes = runAttributes(run, new Date(this.#run.clock.now()).toISOString());
    try {
      await this.#client.create('map_node', runPath(this.#logPath, run.runId), {
        attributes: { ...attributes },
      });
    } catch (thrown) {
      if (!hasYtCode(thrown, EXISTS)) throw thrown;
    }
    const record = await readYtRun(this.#client, this.#logPath, run.runId);
    if (record === undefined) throw fenced(run.runId);
    return record;
  }

  lease(): Promise<Lease | undefined> {
    return this.#lease.read();
  }

  async take(seen: Lease | undefined, holder: string): Promise<Lease | undefined> {
    const left = await this.#lease.take(seen, holder);
    if (left === undefined) return undefined;
    this.#lastWrite = left.write?.number ?? 0;
    return leaseOf(this.#lease.held);
  }

  async load(): Promise<StoredClaims> {
    const kinds = ['claimed', 'done', 'unsent'];
    const isWanted = (name: string) => name === 'write' || segmentOf(name, kinds) !== undefined;
    const attributes = await readShard(this.#client, this.#path, isWanted);
    const claims = claimsOf(attributes);
    this.#watermark = claims.watermark;
    this.#unsent.clear();
    for (const [name, value] of Object.entries(attributes)) {
      const index = segmentOf(name, ['unsent']);
      if (index !== undefined && index * SEGMENT_SIZE >= this.#watermark)
        this.#unsent.set(index, unsentOf(value));
    }
    return claims;
  }

  async family(rootId: string): Promise<readonly PastRun[]> {
    const [client, logPath] = [this.#client, this.#logPath];
    return gatherFamily(await listYtRuns(client, logPath), rootId, {
      claims: (runId, shard) => loadYtClaims(client, logPath, runId, shard),
      unsent: (runId, shard) => loadYtUnsent(client, logPath, runId, shard),
    });
  }

  async renew(counts: Counts): Promise<RunControl> {
    await this.#lease.renew(counts);
    return await readYtControl(this.#client, this.#logPath, this.#run.id);
  }

  async claim({ claimed }: ClaimChange): Promise<void> {
    await this.#lease.guarded((prerequisite) =>
      this.#client.setAttributes(this.#path, bitmapAttributes('claimed', claimed), {
        prerequisites: [prerequisite],
      }),
    );
  }

  async end(end: RunEnd): Promise<void> {
    await this.#lease.giveBack(end, bitmapAttributes('claimed', end.release.claimed));
  }

  /**
   * Writes a batch of results, once: `append` adds its rows in the transaction that it is given, then what they change
   * here is set. When the answer to a commit was lost the same batch comes again as `mayStand`, and its number tells
   * whether it stands. Throws `fenced` under a newer token.
   */
  async write(
    settled: Settled,
    {
      mayStand,
      transaction: options,
    }: { readonly mayStand: boolean; readonly transaction: TransactionOptions },
    append: (transaction: YtTransaction) => Promise<void>,
  ): Promise<void> {
    let isRepeat = mayStand;
    await this.#lease.guarded(async (prerequisite) => {
      const prerequisites = [prerequisite];
      const transaction = await this.#client.startTransaction({ ...options, prerequisites });
      try {
        if (isRepeat && (await this.#stands(transaction))) return await transaction.abort().catch(() => {});
        isRepeat = true;
        await append(transaction);
        await this.#settle(settled, transaction);
        await transaction.commit({ prerequisites });
      } catch (thrown) {
        await transaction.abort().catch(() => {});
        throw thrown;
      }
    });
    this.#written(settled);
  }

  /** The lock waits for no transaction of our own that may still be committed: while there is one, it throws 402. */
  async #stands(transaction: YtTransaction): Promise<boolean> {
    await this.#client.lock(this.#path, { mode: 'shared', attributeKey: 'write', transaction });
    const { write } = await readAttributes(this.#client, this.#path, ['write'], transaction);
    return (write?.number ?? 0) > this.#lastWrite;
  }

  async #settle({ done, watermark, unsent, counts }: Settled, transaction: YtTransaction): Promise<void> {
    const write: StoredWrite = {
      number: this.#lastWrite + 1,
      token: this.#lease.held.token,
      watermark,
      counts,
    };
    const attributes: Record<string, unknown> = { ...bitmapAttributes('done', done), write };
    for (const [index, all] of this.#unsentWith(unsent)) attributes[`unsent_${index}`] = unsentAttribute(all);
    await this.#client.setAttributes(this.#path, attributes, { transaction });
    const folded: string[] = [];
    for (let at = this.#watermark; at < watermark; at += SEGMENT_SIZE)
      folded.push(`claimed_${at / SEGMENT_SIZE}`, `done_${at / SEGMENT_SIZE}`);
    await Promise.all(
      folded.map((name) => this.#client.remove(`${this.#path}/@${name}`, { force: true, transaction })),
    );
  }

  #written({ unsent, watermark }: Settled): void {
    for (const [index, all] of this.#unsentWith(unsent)) this.#unsent.set(index, all);
    this.#lastWrite++;
    this.#watermark = watermark;
    for (const index of this.#unsent.keys()) if (index * SEGMENT_SIZE < watermark) this.#unsent.delete(index);
  }

  /** The segments to which these add something, with all that was not sent in them. Positions that are known stay as they are. */
  #unsentWith(added: readonly Unsent[]): Map<number, readonly Unsent[]> {
    const bySegment = new Map<number, Map<number, Unsent>>();
    for (const one of added) {
      if (one.position < this.#watermark) continue;
      const index = Math.floor(one.position / SEGMENT_SIZE);
      let segment = bySegment.get(index);
      if (segment === undefined) {
        segment = new Map((this.#unsent.get(index) ?? []).map((known) => [known.position, known]));
        bySegment.set(index, segment);
      }
      if (!segment.has(one.position)) segment.set(one.position, one);
    }
    return new Map([...bySegment].map(([index, segment]) => [index, [...segment.values()]]));
  }
}
