import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';

/** One column of the send log: its Postgres type and how a result fills it. Every store's schema is made from this list. */
export interface LogColumn {
  readonly name: string;
  readonly type: 'text' | 'bigint' | 'int' | 'boolean' | 'timestamptz';
  readonly isRequired: boolean;
  /** Whether its value is the same in all rows of a run: `of` then reads no result. */
  readonly isOfRun?: boolean;
  readonly of: (result: SendResult, run: Run) => string | number | boolean | null;
}

const text = (name: string, of: LogColumn['of'], isRequired = false): LogColumn => ({
  name,
  type: 'text',
  isRequired,
  of,
});

const ofRun = (name: string, of: (run: Run) => string): LogColumn => ({
  name,
  type: 'text',
  isRequired: true,
  isOfRun: true,
  of: (_, run) => of(run),
});

/** The send log, in column order. */
export const LOG_COLUMNS: readonly LogColumn[] = [
  ofRun('run_id', (run) => run.id),
  ofRun('operation', (run) => run.operation),
  ofRun('version', (run) => run.version),
  ofRun('digest', (run) => run.digest),
  text('message_id', (result) => result.messageId, true),
  { name: 'position', type: 'bigint', isRequired: true, of: (result) => result.position },
  text('outcome', (result) => result.outcome, true),
  text('recipient', (result) => result.recipient),
  text('channel', (result) => result.channel),
  { name: 'attempts', type: 'int', isRequired: true, of: (result) => result.attempts },
  { name: 'http_status', type: 'int', isRequired: false, of: (result) => result.httpStatus },
  text('provider_id', (result) => result.providerId),
  text('error_code', (result) => result.errorCode),
  text('error_text', (result) => result.errorText),
  { name: 'suppress', type: 'boolean', isRequired: true, of: (result) => result.suppress },
  {
    name: 'started_at',
    type: 'timestamptz',
    isRequired: true,
    of: (result) => isoTime(result.startedAtMs),
  },
  {
    name: 'finished_at',
    type: 'timestamptz',
    isRequired: true,
    of: (result) => isoTime(result.finishedAtMs),
  },
];

let isoSecond = Number.NaN;
let isoPrefix = '';

/** A wall time as ISO 8601 in UTC. Times come close together: the text of a second is made once. */
export function isoTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1_000);
  if (second !== isoSecond) {
    isoPrefix = new Date(second * 1_000).toISOString().slice(0, -4);
    isoSecond = second;
  }
  const ms = Math.floor(timeMs) - second * 1_000;
  // padStart takes four times as long.
  return `${isoPrefix}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
