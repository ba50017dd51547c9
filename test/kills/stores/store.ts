import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InputRow } from '../rows.js';

/** A row of the log, as far as the laws go. */
export interface LoggedRow {
  readonly position: number;
  readonly messageId: string;
  readonly outcome: string;
  readonly errorCode: string | null;
}

/** Where one run has its input, its log and its ledger. */
export interface RunPlace {
  /** Locations, as the command line takes them. */
  readonly input: string;
  readonly log: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves when nothing that a dead runner has begun is under way in the store. */
  settled(): Promise<void>;
  /** Positions that are claimed and not done. */
  doubts(): Promise<number[]>;
  logged(): Promise<LoggedRow[]>;
}

/** A store in which runs can be given a place each. */
export interface Store {
  readonly name: string;
  place(name: string, rows: readonly InputRow[], folder: string): Promise<RunPlace>;
  close(): Promise<void>;
}

/** Writes the input as a file of JSON lines; gives its location. */
export function inputFile(rows: readonly InputRow[], folder: string): string {
  const path = join(folder, 'rows.ndjson');
  writeFileSync(path, inputLines(rows).join(''));
  return `file:${path}`;
}

export function inputLines(rows: readonly InputRow[]): string[] {
  return rows.map((row) => `${JSON.stringify(row)}\n`);
}

/** Lines of JSON with the log's columns as rows. */
export function loggedRows(text: string): LoggedRow[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { position, message_id: messageId, outcome, error_code: errorCode } = JSON.parse(line);
      return { position, messageId, outcome, errorCode };
    });
}
