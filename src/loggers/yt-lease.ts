import { sleep } from '../clock.js';
import { RtnError } from '../error.js';
import type { Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import { fenced, type Lease, type RunEnd } from '../pipeline/ledger.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { TransactionRef } from '../yt/options.js';
import type { YtTransaction } from '../yt/transaction.js';
import {
  countsOf,
  leaseOf,
  readAttributes,
  type ShardAttributes,
  type StoredLease,
  type StoredStart,
} from './yt-shard.js';

const LOCKED = 402;
const PREREQUISITE_FAILED = 1000;

/** The holder's transaction outlives an outage of the cluster of this length; who takes over does not wait for its end. */
const GUARD_TIMEOUT_MS = 60_000;

/** An exchange whose process dies in the middle keeps others from the lease for so long: less than they wait for it. */
const EXCHANGE_TIMEOUT_MS = 10_000;

/** How long a holder without a guard tries to get a new one: longer than an exchange of others can last. */
const REGAIN_MS = 20_000;

/** How long the one that finds an exchange under way lets it be. */
const LET_BE_MS = 200;

/**
 * A shard's lease: the attribute `lease` of its node, and a transaction of the holder, the guard, which does nothing but
 * live. All that the holder writes has the guard as its prerequisite. States: free -> held -> given back | fenced; held
 * -> held with a new guard, when the cluster has ended the guard and nobody took the lease meanwhile.
 *
 * Who takes the lease ends the guard that it names, and with it, at that moment, every transaction of the older holder,
 * those too that hold locks: so a stalled write keeps nobody waiting, and can then not commit. An attribute that is only
 * compared inside each write would need a lock from there to the commit, which a dead process would hold until its
 * transaction times out; and a claim, one request under the guard, would be a transaction of five.
 *
 * Invariants: the token rises by one with each taking; it changes under the lock of the attribute, and only after the
 * older guard has ended; the lock of `write` then shows that no write of the older holder is still being committed.
 */
export class YtLease {
  readonly #client: YtClient;
  readonly #path: string;
  readonly #run: Run;
  #held: StoredLease | undefined;
  #guard: YtTransaction | undefined;
  #regaining: Promise<void> | undefined;

  constructor(client: YtClient, path: string, run: Run) {
    this.#client = client;
    this.#path = path;
    this.#run = run;
  }

  /** What the lease says, as this holder has written it. */
  get held(): StoredLease {
    if (this.#held === undefined) throw new Error('the lease was used before it was taken');
    return this.#held;
  }

  /** Lives as long as this holder may write: the prerequisite of all its writes. */
  get guard(): TransactionRef {
    if (this.#guard === undefined) throw new Error('the lease was used before it was taken');
    return this.#guard;
  }

  async read(): Promise<Lease | undefined> {
    const { lease } = await readAttributes(this.#client, this.#path, ['lease']);
    return lease && leaseOf(lease);
  }

  /** Takes it when it is still as it was seen; gives the shard's attributes as they were left, or undefined. */
  async take(seen: Lease | undefined, holder: string): Promise<ShardAttributes | undefined> {
    await this.#client.create('map_node', this.#path, { ignoreExisting: true });
    return await this.#exchange(async (transaction, guard) => {
      const { lease } = await readAttributes(this.#client, this.#path, ['lease'], transaction);
      if (lease?.token !== seen?.token || lease?.beat !== seen?.beat) return undefined;
      if (lease !== undefined) await this.#endGuard(lease.transaction);
      await this.#lock('write', transaction);
      const token = (lease?.token ?? 0) + 1;
      const names = ['lease', 'write', `start_${token - 1}`];
      const left = await readAttributes(this.#client, this.#path, names, transaction);
      const taken = newLease(token, holder, (lease?.beat ?? 0) + 1, guard.id);
      return { taken, left, also: this.#starts(taken, left) };
    });
  }

  /** Runs a write under the guard; where the guard has ended, once more under a new one. Throws `fenced` under a newer token. */
  async guarded<T>(write: (guard: TransactionRef) => Promise<T>): Promise<T> {
    const { guard } = this;
    try {
      return await write(guard);
    } catch (thrown) {
      if (!hasYtCode(thrown, PREREQUISITE_FAILED)) throw thrown;
      if (this.guard === guard) await this.regain();
      return await write(this.guard);
    }
  }

  /** A new guard in place of one that has ended. Throws `fenced` when the lease has gone to another holder. */
  regain(): Promise<void> {
    this.#regaining ??= this.#regain().finally(() => {
      this.#regaining = undefined;
    });
    return this.#regaining;
  }

  /** Shows that the holder is alive. */
  async renew(counts: Counts): Promise<void> {
    await this.guarded(async (prerequisite) => {
      const renewed = { ...this.held, beat: this.held.beat + 1, counts };
      await this.#client.set(`${this.#path}/@lease`, renewed, { prerequisites: [prerequisite] });
      this.#held = { ...this.held, beat: renewed.beat, counts };
    });
  }

  /** Gives it back, with what else is to change at the same moment. */
  async giveBack(end: RunEnd, also: Readonly<Record<string, unknown>>): Promise<void> {
    const endedAt = this.#now();
    const finished = end.state === 'finished' ? { selection: this.#run.selection } : null;
    const start = await readAttributes(this.#client, this.#path, [`start_${this.held.token}`]);
    await this.guarded((prerequisite) => {
      const { token, beat } = this.held;
      const lease = {
        ...this.held,
        holder: '',
        beat: beat + 1,
        finished,
        counts: end.counts,
        ended_at: endedAt,
      };
      const ended = {
        ...(start[`start_${token}`] as StoredStart),
        state: end.state,
        counts: end.counts,
        exit_code: end.exitCode,
        error: end.error === null ? null : Buffer.from(end.error).toString(),
        ended_at: endedAt,
      };
      const attributes = { ...also, lease, [`start_${token}`]: ended };
      return this.#client.setAttributes(this.#path, attributes, { prerequisites: [prerequisite] });
    });
    await this.#guard?.abort().catch(() => {});
  }

  async #regain(): Promise<void> {
    await this.#guard?.abort().catch(() => {});
    const { clock, id } = this.#run;
    const untilMs = clock.monotonic() + REGAIN_MS;
    while (clock.monotonic() < untilMs) {
      const regained = await this.#exchange(async (transaction, guard) => {
        const { lease } = await readAttributes(this.#client, this.#path, ['lease'], transaction);
        if (lease?.token !== this.held.token) throw fenced(id);
        const taken = { ...this.held, beat: this.held.beat + 1, transaction: guard.id };
        return { taken, left: {}, also: {} };
      });
      if (regained !== undefined) return;
    }
    throw new RtnError('temporary', `the lease of the run '${id}' is locked by others: ${this.#path}/@locks`);
  }

  /** Reads and changes the lease under its lock; undefined when another exchange is under way, or `next` gives nothing. */
  async #exchange(
    next: (transaction: YtTransaction, guard: YtTransaction) => Promise<Exchange | undefined>,
  ): Promise<ShardAttributes | undefined> {
    const guard = await this.#start('holds the lease', GUARD_TIMEOUT_MS);
    const transaction = await this.#start('changes the lease', EXCHANGE_TIMEOUT_MS);
    try {
      await this.#lock('lease', transaction);
      const exchange = await next(transaction, guard);
      if (exchange !== undefined) {
        const { taken, left, also } = exchange;
        await this.#client.setAttributes(this.#path, { ...also, lease: taken }, { transaction });
        await transaction.commit();
        this.#held = taken;
        this.#guard = guard;
        return left;
      }
    } catch (thrown) {
      await this.#discard(transaction, guard);
      if (!hasYtCode(thrown, LOCKED)) throw thrown;
      await sleep(this.#run.clock, LET_BE_MS);
      return undefined;
    }
    await this.#discard(transaction, guard);
    return undefined;
  }

  /** The starts that a taking changes: it adds its own, and the one of a dead holder ends, as nothing else tells that it has. */
  #starts(taken: StoredLease, left: ShardAttributes): Record<string, StoredStart> {
    const { token, holder } = taken;
    const unended = { ended_at: null, state: 'running' as const, counts: null, exit_code: null, error: null };
    const started = { token, holder, started_at: this.#now(), ...unended };
    const before = left[`start_${token - 1}`] as StoredStart | undefined;
    if (before?.state !== 'running') return { [`start_${token}`]: started };
    const died = { state: 'stopped', ended_at: this.#now(), error: 'its process died' } as const;
    return {
      [`start_${token - 1}`]: { ...before, ...died, counts: countsOf(left) },
      [`start_${token}`]: started,
    };
  }

  async #endGuard(id: string): Promise<void> {
    try {
      await this.#client.execute('POST', 'abort_transaction', { transaction_id: id });
    } catch (thrown) {
      if (!hasYtCode(thrown, 11000)) throw thrown;
    }
  }

  async #lock(attributeKey: string, transaction: YtTransaction): Promise<void> {
    await this.#client.lock(this.#path, { mode: 'shared', attributeKey, transaction });
  }

  async #discard(...transactions: readonly YtTransaction[]): Promise<void> {
    await Promise.allSettled(transactions.map((transaction) => transaction.abort()));
  }

  #start(what: string, timeoutMs: number): Promise<YtTransaction> {
    const { operation, id } = this.#run;
    return this.#client.startTransaction({ title: `rtn ${operation} ${id} ${what}`, timeoutMs });
  }

  #now(): string {
    return new Date(this.#run.clock.now()).toISOString();
  }
}

interface Exchange {
  readonly taken: StoredLease;
  /** The attributes that the exchange has found. */
  readonly left: ShardAttributes;
  /** What changes with the lease. */
  readonly also: Readonly<Record<string, unknown>>;
}

function newLease(token: number, holder: string, beat: number, transaction: string): StoredLease {
  return { token, holder, beat, transaction, finished: null, counts: null, ended_at: null };
}
