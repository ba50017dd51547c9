import type { KeepOptions } from './begin.js';
import type { InputDefinition } from './binding.js';
import type { PipelineQueues } from './contract.js';
import type { Counts } from './counts.js';
import type { Ending } from './ending.js';
import type { Outstanding } from './outstanding.js';
import type { Incoming, SendResult } from './record.js';
import type { Selection } from './selection.js';
import type { ThresholdOptions } from './thresholds.js';

/** What a pipeline is told of its run, and whom it tells. */
export interface PipelineOptions {
  readonly input: InputDefinition;
  /** How the run is kept in the ledger, where its logger has one. */
  readonly keep: KeepOptions;
  readonly ending: Ending;
  readonly counts: Counts;
  /** After an End by signal: how long until it becomes a Stop. */
  readonly drainTimeoutMs: number;
  /** Names of secrets by their values, which no text of a provider brings into the log; it may grow. */
  readonly secretNames?: ReadonlyMap<string, string> | undefined;
  /** How much may go wrong before it becomes a Stop. */
  readonly thresholds?: ThresholdOptions | undefined;
  /** The latest time to send, milliseconds since the epoch: then it becomes a Stop. */
  readonly notAfterMs?: number | undefined;
  /** The part of the input that this run takes; undefined for all of it. */
  readonly selection?: Selection | undefined;
  /** Where results go when the log cannot take them; throws when it cannot write either. */
  spill(results: readonly SendResult[]): Promise<void>;
  /** Results that an earlier start has spilled; `done` is called once they are durable. */
  spilled?(): Promise<{ readonly results: readonly SendResult[]; done(): Promise<void> } | undefined>;
  /** Given where somebody has to know which rows have no result yet. */
  readonly outstanding?: Outstanding | undefined;
  /** Keeps the rows of a stream that are left, since nobody can read them again; throws when it cannot. */
  keepRows?(records: readonly Incoming[]): Promise<void>;
  /** Called with results as soon as they are durable. */
  logged?(results: readonly SendResult[]): void;
  /** Called when everything is open, before the ledger knows of the run; throws when a person does not confirm. */
  confirm?(): Promise<void>;
  /** Called just before the first row is read. */
  started?(queues: PipelineQueues): void;
}
