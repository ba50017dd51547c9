import { log } from '../../src/loggers/log.js';
import { Claims } from '../../src/pipeline/claims.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { parseLocation } from '../../src/pipeline/location.js';
import type { RunPlan } from '../../src/pipeline/plan.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from './keep.js';
import { testRun } from './run.js';

export interface KeptRunOptions {
  readonly id: string;
  readonly operation?: string;
  readonly results?: readonly SendResult[];
  /** Positions that are claimed and get no result. */
  readonly open?: readonly number[];
  /** How it ends; undefined for a run that goes on. */
  readonly end?: { readonly exitCode: number; readonly error?: string };
  readonly plan?: Partial<RunPlan>;
}

/** Writes a run to a log and its ledger, as a runner of this process would. */
export async function keepRun(
  location: string,
  environment: Readonly<Record<string, string>>,
  { id, operation = 'driver_push', results = [], open = [], end, plan }: KeptRunOptions,
): Promise<void> {
  const run = testRun({ id, operation, environment });
  const logger = log({ name: 'log', type: 'send-log', location: parseLocation(location) });
  await logger.open(run);
  try {
    const { ledger } = logger;
    if (ledger === undefined) throw new Error('a log without a ledger');
    await ledger.begin(newRun(run, { log: location, ...plan }));
    await ledger.take(undefined, thisHolder());
    const claims = new Claims();
    const claimed = [...results.map(({ position }) => position), ...open];
    if (claimed.length > 0) await ledger.claim(claims.claim(claimed));
    const queue = new Queue<SendResult>(Math.max(1, results.length));
    queue.trySendMany(results);
    queue.close();
    const control = logControl(claims);
    await logger.log(queue, control);
    if (end === undefined) return;
    const logged = { ...newCounts().logged };
    for (const { outcome } of results) logged[outcome]++;
    await ledger.end({
      state: end.exitCode === 0 ? 'finished' : 'stopped',
      counts: { ...newCounts(), read: results.length, logged },
      exitCode: end.exitCode,
      error: end.error ?? null,
      release: { claimed: [], ranges: [], released: [] },
    });
  } finally {
    await logger.close();
  }
}

/** A result for one test. */
export function sendResult(position: number, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: 'sent',
    messageId: `m${position}`,
    position,
    recipient: `r${position}`,
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    ...overrides,
  };
}
