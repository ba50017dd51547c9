/** What every call takes. */
export interface CallOptions {
  /** Run inside this transaction. */
  readonly transaction?: TransactionRef | undefined;
  /** Fail (YT code 1000) unless these transactions are alive: how a lease guards a write. */
  readonly prerequisites?: readonly TransactionRef[] | undefined;
  /** Ends waiting and repeats; the call then throws `temporary`, or the signal's reason when that is an RtnError. */
  readonly signal?: AbortSignal | undefined;
}

/** A transaction as other calls name it. */
export interface TransactionRef {
  readonly id: string;
}

/** The parameters that stand for {@link CallOptions}. */
export function commonParameters({ transaction, prerequisites }: CallOptions): Record<string, unknown> {
  return {
    ...(transaction === undefined ? {} : { transaction_id: transaction.id }),
    ...(prerequisites === undefined || prerequisites.length === 0
      ? {}
      : { prerequisite_transaction_ids: prerequisites.map(({ id }) => id) }),
  };
}
