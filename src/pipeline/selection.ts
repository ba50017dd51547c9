import { hash } from 'node:crypto';
import type { InputDefinition } from './binding.js';
import type { Incoming } from './record.js';
import { scalarText } from './sensitive.js';

export interface SelectionOptions {
  /** Most rows; undefined for all. */
  readonly limit?: number | undefined;
  /** Share of the recipients, above 0 and at most 1. */
  readonly sample?: number | undefined;
  /** Message ids. */
  readonly only?: readonly string[] | undefined;
}

/**
 * The part of the input that a run takes: `only` these ids, a `sample` of the recipients, of those the first `limit`.
 * Who is in a sample is decided by a digest of the recipient (of the message id where the input names no recipient) and of
 * the operation's name: the same people on every start, those of 1% among those of 5%, and others for another operation.
 */
export class Selection {
  readonly #input: InputDefinition;
  readonly #operation: string;
  readonly #options: SelectionOptions;
  readonly #missing: Set<string>;
  readonly #wanted: ReadonlySet<string> | undefined;
  #taken = 0;

  constructor(input: InputDefinition, operation: string, options: SelectionOptions) {
    this.#input = input;
    this.#operation = operation;
    this.#options = options;
    this.#wanted = options.only === undefined ? undefined : new Set(options.only);
    this.#missing = new Set(options.only);
  }

  /** True when nothing more will be taken. */
  get isComplete(): boolean {
    return this.#taken >= (this.#options.limit ?? Number.POSITIVE_INFINITY);
  }

  /** The ids of `only` that no row had, so far. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  /** Those records of a batch that belong to it, in order. */
  take(records: readonly Incoming[]): Incoming[] {
    return records.filter((record) => {
      const isTaken = !this.isComplete && this.#isWanted(record) && this.#isSampled(record);
      if (isTaken) this.#taken++;
      return isTaken;
    });
  }

  /** How many of an input's rows are expected, as far as that can be known. */
  expected(total: number | undefined): number | undefined {
    const { limit, sample, only } = this.#options;
    const share = total === undefined || sample === undefined ? total : Math.ceil(total * sample);
    const bounds = [share, only?.length, limit].filter((bound) => bound !== undefined);
    return bounds.length === 0 ? undefined : Math.min(...bounds);
  }

  #isWanted(record: Incoming): boolean {
    if (this.#wanted === undefined) return true;
    const id = 'row' in record ? scalarText(record.row[this.#input.key]) : null;
    if (id === null || !this.#wanted.has(id)) return false;
    this.#missing.delete(id);
    return true;
  }

  #isSampled(record: Incoming): boolean {
    const { sample } = this.#options;
    if (sample === undefined || sample >= 1) return true;
    const digest = hash('sha256', JSON.stringify([this.#operation, this.#who(record)]), 'buffer');
    return digest.readUIntBE(0, 6) < sample * 2 ** 48;
  }

  #who(record: Incoming): string | number {
    if (!('row' in record)) return record.position;
    const { key, recipient = key } = this.#input;
    return scalarText(record.row[recipient]) ?? scalarText(record.row[key]) ?? record.position;
  }
}

/** A selection as flags, the same for the same selection; many ids are told by a digest. */
export function selectionText({ limit, sample, only }: SelectionOptions): string {
  const parts = [
    limit === undefined ? '' : `--limit ${limit}`,
    sample === undefined ? '' : `--sample ${sample * 100}%`,
    only === undefined
      ? ''
      : `--only ${hash('sha256', JSON.stringify([...only].sort()), 'hex').slice(0, 16)}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
