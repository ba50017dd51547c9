import type { ClaimChange, StoredClaims } from '../pipeline/claims.js';
import type { Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import { gatherFamily, type PastRun } from '../pipeline/family.js';
import { RENEW_EVERY_MS } from '../pipeline/lease.js';
import {
  fenced,
  isFenced,
  type Lease,
  type Ledger,
  type NewRun,
  type RunControl,
  type RunEnd,
  type RunRecord,
  type Settled,
} from '../pipeline/ledger.js';
import { sizeOf, storing } from './durable-file.js';
import { readHistory, unsentRanges } from './file-history.js';
import { FileJournal, glance, type LogMark } from './file-journal.js';
import { RunFiles } from './file-names.js';
import { readControl, readLease, readRecord, writeRecord } from './file-record.js';
import { listFileRuns, loadFileClaims, loadFileUnsent } from './file-runs.js';
import { takeOver } from './file-takeover.js';

/** Most characters of what ended a start: an end has to be found from the end of its journal. */
const MAX_ERROR = 4_000;

/**
 * The ledger of one shard in files beside its log. Each start has a journal, `RUN.SHARD.TOKEN.ledger`, which only it
 * appends to and nobody changes; together they are all that is known of the shard. A journal is the lease as well: who
 * creates the one of the next token holds it, and the time of its last change is the beat.
 *
 * - *free*: there is no journal, or the newest one ends with an end.
 * - *taken*: `take` has created the next journal, and then read the earlier ones and made them final (file-takeover.ts).
 * - *held*: it claims, writes and renews.
 * - *fenced*: there is a newer journal. What this one appends from now on does not count.
 *
 * Invariant: whatever must not happen under a newer token is appended, made durable, and only then it is looked whether
 * there is a newer journal. Its holder reads this one after it has created its own. So either it sees what was appended,
 * or who appended it sees the newer journal, throws `fenced` and neither sends nor reports it.
 */
export class FileLedger implements Ledger {
  readonly files: RunFiles;
  readonly #run: Run;
  #journal: FileJournal | undefined;
  #token = 0;
  #log: LogMark | undefined;
  #hadLog = false;
  #touchedMs = 0;
  #toldCounts = '';

  constructor(folder: string, run: Run) {
    this.files = RunFiles.of(folder, run.id);
    this.#run = run;
  }

  /** The log to go on with, once the lease is held; undefined where one is to be begun. */
  get log(): LogMark | undefined {
    return this.#log;
  }

  /** Names in the folder for a log that this holder begins: the first that is free. */
  get logNames(): readonly string[] {
    const [plain, own] = [1, this.#token].map((token) => this.files.logName(this.#run.shard, token));
    return [...new Set(this.#hadLog ? [own] : [plain, own])] as string[];
  }

  async begin(run: NewRun): Promise<RunRecord> {
    return storing(`the run could not be recorded in ${this.files.record}`, async () => {
      await writeRecord(this.files, { ...run, startedAt: this.#now() });
      const record = await readRecord(this.files);
      if (record === undefined) throw new Error('somebody has removed it');
      return record;
    });
  }

  lease(): Promise<Lease | undefined> {
    return storing('the lease of the run could not be read', () => readLease(this.files, this.#run.shard));
  }

  async take(seen: Lease | undefined, holder: string): Promise<Lease | undefined> {
    const now = await this.lease();
    if (now?.token !== seen?.token || now?.beat !== seen?.beat) return undefined;
    const token = (seen?.token ?? 0) + 1;
    const path = this.files.journal(this.#run.shard, token);
    const start = { kind: 'start', token, holder, at: this.#now() } as const;
    const journal = await storing(`${path} could not be made`, () => FileJournal.create(path, start));
    if (journal === undefined) return undefined;
    await this.#journal?.close();
    this.#journal = journal;
    this.#token = token;
    this.#log = undefined;
    if (token > 1) {
      const stopBeating = this.#keepBeating();
      try {
        const past = await takeOver(this.files, this.#run, token, journal, () => this.requireHeld());
        this.#log = past.log;
        this.#hadLog = past.hadLog;
      } catch (thrown) {
        if (isFenced(thrown)) return undefined;
        throw thrown;
      } finally {
        stopBeating();
      }
    }
    return { token, holder, beat: (await glance(path)).changedAt };
  }

  async load(): Promise<StoredClaims> {
    const { shard } = this.#run;
    const read = () => readHistory(this.files, shard);
    return (await storing('what the run has done could not be read', read)).claims;
  }

  async family(rootId: string): Promise<readonly PastRun[]> {
    const { folder } = this.files;
    return gatherFamily(await listFileRuns(folder), rootId, {
      claims: (runId, shard) => loadFileClaims(folder, runId, shard),
      unsent: (runId, shard) => loadFileUnsent(folder, runId, shard),
    });
  }

  /** Counts that have changed are worth a line; a stream on which nothing happens adds none. */
  async renew(counts: Counts): Promise<RunControl> {
    const told = JSON.stringify(counts);
    if (told !== this.#toldCounts) await this.#held.append({ kind: 'counts', counts });
    this.#toldCounts = told;
    await this.#touch();
    await this.requireHeld();
    return storing(`${this.files.control} could not be read`, () => readControl(this.files));
  }

  async claim({ ranges }: ClaimChange): Promise<void> {
    await this.#held.append({ kind: 'claim', ranges });
    await this.requireHeld();
  }

  /** Records that results go to this log from now on; called before the first is written to it. */
  async beginLog(file: string): Promise<void> {
    await this.#held.append({ kind: 'log', file });
    await this.requireHeld();
  }

  /** Records what results change that are durable in the log, whose size is `size` with them. */
  async settle({ ranges, unsent, counts }: Settled, size: number): Promise<void> {
    await this.#held.append({ kind: 'done', ranges, unsent: unsentRanges(unsent), size, counts });
    await this.requireHeld();
  }

  async end({ release, error, ...rest }: RunEnd): Promise<void> {
    const end = { ...rest, error: error?.slice(0, MAX_ERROR) ?? null };
    const finished = end.state === 'finished' ? { selection: this.#run.selection } : null;
    if (release.released.length > 0) await this.#held.append({ kind: 'release', ranges: release.released });
    await this.#held.append({ kind: 'end', at: this.#now(), finished, ...end });
    await this.requireHeld();
  }

  /** Throws `fenced` when another holder has taken the lease, or nobody here has. */
  async requireHeld(): Promise<void> {
    const next = this.files.journal(this.#run.shard, this.#token + 1);
    const isThere = async () => (await sizeOf(next)) !== undefined;
    if (await storing(`${next} could not be looked for`, isThere)) throw fenced(this.#run.id);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  get #held(): FileJournal {
    if (this.#journal === undefined) throw new Error('the ledger was used before its lease was taken');
    return this.#journal;
  }

  /** Two beats differ even within one tick of the clock, or when it was set back. */
  #touch(): Promise<void> {
    this.#touchedMs = Math.max(this.#run.clock.now(), this.#touchedMs + 1);
    return this.#held.touch(this.#touchedMs);
  }

  /** A log may take longer to copy than a holder is waited for. */
  #keepBeating(): () => void {
    let cancel = () => {};
    const beat = () => {
      this.#touch().catch(() => {});
      cancel = this.#run.clock.schedule(RENEW_EVERY_MS, beat);
    };
    cancel = this.#run.clock.schedule(RENEW_EVERY_MS, beat);
    return () => cancel();
  }

  #now(): string {
    return new Date(this.#run.clock.now()).toISOString();
  }
}
