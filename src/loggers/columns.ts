import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';

/** One column of the send log: its Postgres type and how a result fills it. Every store's schema is made from this list. */
export interface LogColumn {
  readonly name: string;
  readonly type: 'text' | 'bigint' | 'int' | 'boolean' | 'timestamptz';
  readonly isRequired: boolean;
  readonly of: (result: SendResult, run: Run) => string | number | boolean | null;
}

const text = (name: string, of: LogColumn['of'], isRequired = false): LogColumn => ({
  name,
  type: 'text',
  isRequired,
  of,
});

/** The send log, in column order. */
export const LOG_COLUMNS: readonly LogColumn[] = [
  text('run_id', (_, run) => run.id, true),
  text('operation', (_, run) => run.operation, true),
  text('version', (_, run) => run.version, true),
  text('digest', (_, run) => run.digest, true),
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
    of: (result) => new Date(result.startedAtMs).toISOString(),
  },
  {
    name: 'finished_at',
    type: 'timestamptz',
    isRequired: true,
    of: (result) => new Date(result.finishedAtMs).toISOString(),
  },
];
