import { Claims, SEGMENT_SIZE, type StoredClaims } from '../../src/pipeline/claims.js';
import type { PastRun } from '../../src/pipeline/family.js';
import {
  fenced,
  type Lease,
  type Ledger,
  NO_CONTROL,
  type RunControl,
  type RunEnd,
  type RunRecord,
  type Settled,
} from '../../src/pipeline/ledger.js';

/** What a store would keep of one shard of a run: survives the ledgers that were opened on it. */
export class MemoryStore {
  record: RunRecord | undefined;
  lease: Lease | undefined;
  control: RunControl = NO_CONTROL;
  watermark = 0;
  readonly claimed = new Map<number, Uint8Array>();
  readonly done = new Map<number, Uint8Array>();
  readonly unsent = new Map<number, string>();
  readonly ends: RunEnd[] = [];
  /** Runs of the same root, in order. */
  readonly relatives: PastRun[] = [];

  /** What it keeps, as claims to ask. */
  claims(): Claims {
    return new Claims(this.stored());
  }

  stored(): StoredClaims {
    const indexes = new Set([...this.claimed.keys(), ...this.done.keys()]);
    const bits = (map: Map<number, Uint8Array>, index: number) =>
      map.get(index) ?? new Uint8Array(SEGMENT_SIZE / 8);
    const segments = [...indexes]
      .filter((index) => index * SEGMENT_SIZE >= this.watermark)
      .map((index) => ({ index, claimed: bits(this.claimed, index), done: bits(this.done, index) }));
    return { watermark: this.watermark, segments };
  }
}

/** A ledger in memory, with the promises of a real one. */
export class MemoryLedger implements Ledger {
  readonly #store: MemoryStore;
  #token = 0;

  readonly #selection: string | null;

  constructor(store: MemoryStore, selection: string | null = null) {
    this.#store = store;
    this.#selection = selection;
  }

  async begin(run: Parameters<Ledger['begin']>[0]): Promise<RunRecord> {
    const times = { startedAt: '2026-01-01T00:00:00.000Z', endedAt: null };
    this.#store.record ??= { ...run, state: 'running', control: this.#store.control, ...times };
    return { ...this.#store.record, control: this.#store.control };
  }

  async lease(): Promise<Lease | undefined> {
    return this.#store.lease;
  }

  async take(seen: Lease | undefined, holder: string): Promise<Lease | undefined> {
    const { lease } = this.#store;
    if (lease?.token !== seen?.token || lease?.beat !== seen?.beat) return undefined;
    this.#token = (lease?.token ?? 0) + 1;
    this.#store.lease = { token: this.#token, holder, beat: 0 };
    return this.#store.lease;
  }

  async load(): Promise<StoredClaims> {
    return this.#store.stored();
  }

  async family(): Promise<readonly PastRun[]> {
    const unsent = [...this.#store.unsent].map(([position, reason]) => ({ position, reason }));
    const runId = this.#store.record?.runId ?? '';
    const shards = [{ claims: this.#store.stored(), unsent }];
    return [...this.#store.relatives, { runId, inputIdentity: 'sha256:0', shards }];
  }

  async renew(): Promise<RunControl> {
    const lease = this.#held();
    this.#store.lease = { ...lease, beat: lease.beat + 1 };
    return this.#store.control;
  }

  async claim({ claimed }: Parameters<Ledger['claim']>[0]): Promise<void> {
    this.#held();
    for (const { index, bits } of claimed) this.#store.claimed.set(index, bits);
  }

  /** What a logger does in its transaction. */
  settle({ done, watermark, unsent }: Settled): void {
    this.#held();
    for (const { index, bits } of done) this.#store.done.set(index, bits);
    for (const { position, reason } of unsent) this.#store.unsent.set(position, reason);
    this.#store.watermark = watermark;
  }

  async end(end: RunEnd): Promise<void> {
    const lease = this.#held();
    for (const { index, bits } of end.release.claimed) this.#store.claimed.set(index, bits);
    const finished = { selection: this.#selection };
    this.#store.lease = { ...lease, holder: '', ...(end.state === 'finished' && { finished }) };
    this.#store.ends.push(end);
  }

  #held(): Lease {
    const { lease } = this.#store;
    if (lease === undefined || lease.token !== this.#token) throw fenced(this.#store.record?.runId ?? '');
    return lease;
  }
}
