import type { Run } from '../pipeline/contract.js';
import type { Outcome, SendResult } from '../pipeline/record.js';

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

/** With a cache of its own: while messages are under way for long, the two times of a row are seconds apart. */
function time(name: string, ofMs: (result: SendResult) => number): LogColumn {
  const iso = isoTimes();
  return { name, type: 'timestamptz', isRequired: true, of: (result) => iso(ofMs(result)) };
}

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
  time('started_at', (result) => result.startedAtMs),
  time('finished_at', (result) => result.finishedAtMs),
];

/** Writes wall times of one column as ISO 8601 in UTC. They come close together: the text of a second is made once. */
export function isoTimes(): (timeMs: number) => string {
  let second = Number.NaN;
  let beforeMs = '';
  let lastMs = Number.NaN;
  let last = '';
  return (timeMs) => {
    if (timeMs === lastMs) return last;
    lastMs = timeMs;
    const ofTime = Math.floor(timeMs / 1_000);
    if (ofTime !== second) {
      beforeMs = new Date(ofTime * 1_000).toISOString().slice(0, -4);
      second = ofTime;
    }
    const ms = Math.floor(timeMs) - second * 1_000;
    last = `${beforeMs}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
    return last;
  };
}

/** The result that a row of the log holds, from values in column order: the inverse of `of`, but for what belongs to the run. */
export function resultOfRow(values: readonly (string | number | boolean | null)[]): SendResult {
  const at = Object.fromEntries(LOG_COLUMNS.map(({ name }, index) => [name, values[index] ?? null]));
  const text = (name: string) => at[name] as string | null;
  return {
    outcome: at.outcome as Outcome,
    messageId: String(at.message_id),
    position: Number(at.position),
    recipient: text('recipient'),
    channel: text('channel'),
    attempts: Number(at.attempts),
    httpStatus: at.http_status as number | null,
    providerId: text('provider_id'),
    errorCode: text('error_code'),
    errorText: text('error_text'),
    suppress: at.suppress === true,
    startedAtMs: Date.parse(String(at.started_at)),
    finishedAtMs: Date.parse(String(at.finished_at)),
  };
}
