import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { foreignCode } from '../error.js';
import { fileNameOf } from '../pipeline/file-name.js';

export const RECORD_END = '.run.json';

/** What of a name is behind the run's, for the files of the ledger and what a crash has left of making one. */
const LEDGER_REST = /^(((run|control)\.json|\d+\.\d+\.ledger)(\..+\.new)?|\d+(-\d+)?\.ndjson\.\d+\.new)$/;

/**
 * The names of a run's files in its log's folder. No name of one run can be one of another: between a run's name and the
 * ending of a log or journal stand exactly a shard and its token.
 */
export class RunFiles {
  readonly folder: string;
  /** How the names of all of the run's files begin. */
  readonly name: string;

  private constructor(folder: string, name: string) {
    this.folder = folder;
    this.name = name;
  }

  static of(folder: string, runId: string): RunFiles {
    return new RunFiles(folder, fileNameOf(runId));
  }

  /** Of the run whose record has this name: that of a long run id cannot be turned back. */
  static ofRecord(folder: string, recordName: string): RunFiles {
    return new RunFiles(folder, recordName.slice(0, -RECORD_END.length));
  }

  /** What the run is: written once. */
  get record(): string {
    return join(this.folder, `${this.name}${RECORD_END}`);
  }

  /** What was asked of the run; there is none before something was. */
  get control(): string {
    return join(this.folder, `${this.name}.control.json`);
  }

  /** The journal of one start of a shard, which is its lease too. */
  journal(shard: number, token: number): string {
    return join(this.folder, `${this.name}.${shard}.${token}.ledger`);
  }

  /** The log that the start of this token makes, without the folder; most starts go on in an earlier one's. */
  logName(shard: number, token: number): string {
    return `${this.name}.${shard}${token === 1 ? '' : `-${token}`}.ndjson`;
  }

  /** Paths of the logs of all shards, in order. */
  async logs(): Promise<string[]> {
    const rests = (await this.#rests()).filter((rest) => /^\d+(-\d+)?\.ndjson$/.test(rest));
    return rests.sort().map((rest) => join(this.folder, `${this.name}.${rest}`));
  }

  /** The tokens of a shard that have a journal, in ascending order. */
  async tokens(shard: number): Promise<number[]> {
    return (await this.tokensByShard()).get(shard) ?? [];
  }

  /** The tokens of each shard, in ascending order. */
  async tokensByShard(): Promise<ReadonlyMap<number, number[]>> {
    const byShard = new Map<number, number[]>();
    for (const rest of await this.#rests()) {
      const [, shard, token] = /^(\d+)\.(\d+)\.ledger$/.exec(rest) ?? [];
      if (shard === undefined || token === undefined) continue;
      byShard.set(Number(shard), [...(byShard.get(Number(shard)) ?? []), Number(token)]);
    }
    for (const tokens of byShard.values()) tokens.sort((a, b) => a - b);
    return byShard;
  }

  /** All files of the run but its logs; the record is the first, so that without it the others are nobody's. */
  async ofLedger(): Promise<string[]> {
    const rests = (await this.#rests()).filter((rest) => LEDGER_REST.test(rest));
    const paths = rests.map((rest) => join(this.folder, `${this.name}.${rest}`));
    return [this.record, ...paths.filter((path) => path !== this.record)];
  }

  /** Names in the folder that begin with the run's, without that beginning. */
  async #rests(): Promise<string[]> {
    const start = `${this.name}.`;
    const names = await namesIn(this.folder);
    return names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
  }
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (foreignCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
