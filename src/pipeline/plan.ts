import { oneLine, RtnError } from '../error.js';
import type { NewRun, RunRecord } from './ledger.js';

/**
 * What becomes of messages that may have been sent when a runner died: `resend` sends them again under the same
 * idempotency key, `skip` logs them as `unknown`, `hold` leaves them to a person.
 */
export const IN_DOUBT_POLICIES = ['resend', 'skip', 'hold'] as const;
export type InDoubtPolicy = (typeof IN_DOUBT_POLICIES)[number];

/** What a run does, frozen by its first start. Another start of the same run has to agree with it. */
export interface RunPlan {
  /** `name@version`. */
  readonly layer: string;
  /** Which of the operation's runners: `one-shot`, `service`. */
  readonly runner: string;
  /** Location of the input, as given. */
  readonly input: string;
  /** What the input was: a digest, or an object's id and revision; null for a stream. */
  readonly inputIdentity: string | null;
  /** Location of the log, as given: where the run's rows are to be found later. */
  readonly log: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Params that may differ between two starts: they change the speed, never what is sent. */
  readonly tuning: readonly string[];
  /** The part of the input that was asked for, as flags; null for all of it. */
  readonly selection: string | null;
  /** Into how many parts the input is divided. */
  readonly shards: number;
  /** The run whose messages this one sends again (`rtn retry`), and which of them; null for a run of its own. */
  readonly retry: RetryPlan | null;
  /** Set for a task, which has no rows: its locations by name. */
  readonly task?: TaskLocations;
}

interface TaskLocations {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface RetryPlan {
  readonly of: string;
  /** `failed`, `in-doubt`, or the class of the last answer, such as `throttled`. */
  readonly what: string;
}

/** How this start differs from what the run began with, each a line; none where it may go on. */
function planDifferences(record: RunRecord, now: NewRun): string[] {
  const [was, is] = [record.plan, now.plan];
  const facts: [what: string, was: unknown, is: unknown][] = [
    ['operation', record.operation, now.operation],
    ['version', record.version, now.version],
    ['digest of the operation', record.digest, now.digest],
    ['runner', was.runner, is.runner],
    ['content of the input', was.inputIdentity, is.inputIdentity],
    ['number of shards', was.shards, is.shards],
    ['what is sent again', was.retry, is.retry],
    ...paramFacts(was, is),
  ];
  return facts
    .filter(([, before, after]) => canonical(before) !== canonical(after))
    .map(([what, before, after]) => `${what}: was ${shown(before)}, is ${shown(after)}`);
}

function paramFacts(was: RunPlan, is: RunPlan): [string, unknown, unknown][] {
  const names = new Set([...Object.keys(was.params), ...Object.keys(is.params)]);
  return [...names]
    .filter((name) => !is.tuning.includes(name))
    .map((name) => [`param ${name}`, was.params[name], is.params[name]]);
}

/** Throws `configuration` where this start wants something else than the run that it would go on with. */
export function requireSamePlan(record: RunRecord, now: NewRun): void {
  const differences = planDifferences(record, now);
  if (differences.length === 0) return;
  const lines = differences.map((line) => `\n${line}`).join('');
  throw new RtnError(
    'configuration',
    `the run '${oneLine(record.runId, 200)}' was begun ${record.startedAt} with something else${lines}`,
    {
      details: { differences },
      next: `start it as it was begun, or with --fresh for a new run, which sends to everyone again`,
    },
  );
}

/** JSON with its keys in order: two plans may have gone through different stores. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

function shown(value: unknown): string {
  return value === undefined || value === null ? 'none' : oneLine(canonical(value), 120);
}
