/** A row of the input: JSON values by column name. An integer outside the safe range is a bigint, never rounded. */
export type Row = Readonly<Record<string, unknown>>;

/** What a reader hands over, before anybody has judged it. */
export type Incoming =
  | { readonly position: number; readonly row: Row }
  | { readonly position: number; readonly malformed: string };

/** A row that admission let through: it has an id and fits the input's schema. */
export interface Message {
  /** The row's value in the input's `key` column. */
  readonly id: string;
  /** Row index in a table or file; sequence number in a service. The same on every start of the same input. */
  readonly position: number;
  /** The row's value in the input's `recipient` column, for the log. */
  readonly recipient: string | null;
  readonly row: Row;
}

/** How a message ended. Each message that was read has exactly one, or is counted as left. */
export type Outcome = 'sent' | 'rejected' | 'failed' | 'skipped' | 'unknown';

/** One row of the send log. Never holds the body. Times are milliseconds since the epoch. */
export interface SendResult {
  readonly outcome: Outcome;
  readonly messageId: string;
  readonly position: number;
  readonly recipient: string | null;
  /** The channel's key, or null when the message never reached a channel. */
  readonly channel: string | null;
  /** Requests that carried this message: 0 when it was rejected before sending. */
  readonly attempts: number;
  readonly httpStatus: number | null;
  /** The provider's own id of the message. */
  readonly providerId: string | null;
  readonly errorCode: string | null;
  readonly errorText: string | null;
  /** Whether the provider's answer says that nobody should send to this recipient again. */
  readonly suppress: boolean;
  /** Class of the last answer, for the ledger: what `rtn retry --class` goes by. Absent where there was no answer. */
  readonly reason?: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}
