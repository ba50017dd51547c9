import { RtnError, toRtnError } from '../error.js';
import { LEDGER_OF_DATABASE, openRunStore, type RunStore } from '../loggers/run-store.js';
import { isHolderGone } from '../pipeline/holder.js';
import type { StartRecord } from '../pipeline/ledger.js';
import { lastByShard } from '../pipeline/run-tally.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import { resolutionOf } from '../rules/schedules.js';
import { taskLog } from '../runtime/task-plan.js';
import type { Schedule } from '../schedule/schedule.js';
import type { LastStart, SlotRun } from '../schedule/verdict.js';
import type { Session } from './session.js';

/**
 * Where the runs of a schedule are recorded; undefined for an operation that records none. Throws `configuration` where the
 * schedule starts nothing as things stand.
 */
export function ledgerOf(schedule: Schedule, registry: Registry): string | undefined {
  const resolution = resolutionOf(registry, schedule, { allowsDrafts: true });
  if ('problem' in resolution)
    throw new RtnError('configuration', resolution.problem, { next: resolution.fix ?? 'rtn check' });
  const { document } = resolution.operation;
  const outputs = declared(document.outputs);
  const locationsOf = (ports: typeof outputs, given: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      ports.flatMap(([name, port]) => {
        const location = given[name] ?? port.default;
        return typeof location === 'string' && location !== '' ? [[name, location]] : [];
      }),
    );
  const runner = isMap(document.runners) ? document.runners[resolution.runner] : undefined;
  const given = locationsOf(outputs, schedule.outputs);
  const log =
    isMap(runner) && runner.task !== undefined
      ? taskLog(locationsOf(declared(document.inputs), schedule.inputs), given)
      : outputs.flatMap(([name, { type }]) => (type === 'send-log' ? (given[name] ?? []) : []))[0];
  if (log === undefined || log === '') return undefined;
  return log.startsWith(LEDGER_OF_DATABASE) ? LEDGER_OF_DATABASE : log;
}

function declared(ports: unknown): [name: string, port: Readonly<Record<string, unknown>>][] {
  if (!isMap(ports)) return [];
  return Object.entries(ports).flatMap(([name, port]) => (isMap(port) ? [[name, port]] : []));
}

/** The ledgers in which runs of schedules are looked up, each opened once. */
export class WatchedRuns {
  readonly #env: Session['env'];
  readonly #stores = new Map<string, Promise<RunStore>>();

  constructor(env: Session['env']) {
    this.#env = env;
  }

  /** The run of this id; undefined where the ledger has none. Throws where it cannot be asked. */
  async find(ledger: string, runId: string): Promise<SlotRun | undefined> {
    const opened = this.#stores.get(ledger) ?? openRunStore(ledger, this.#env);
    this.#stores.set(ledger, opened);
    const store = await opened;
    const found = await find(store, runId);
    if (found?.lastStarts.some(({ isGone }) => isGone) !== true) return found;
    // It may have told its end, and ended, since its record was read.
    return find(store, runId);
  }

  async close(): Promise<void> {
    for (const store of this.#stores.values()) await store.then((opened) => opened.close()).catch(() => {});
  }
}

async function find(store: RunStore, runId: string): Promise<SlotRun | undefined> {
  try {
    const run = await store.find(runId);
    return run && { version: run.record.version, lastStarts: lastByShard(run.starts).map(lastStart) };
  } catch (thrown) {
    const error = toRtnError(thrown);
    // No ledger there yet: nothing has run.
    if (error.details.noSuchTable === true) return undefined;
    throw error;
  }
}

function lastStart({ startedAt, endedAt, exitCode, error, holder, token }: StartRecord): LastStart {
  return {
    startedMs: Date.parse(startedAt),
    endedMs: endedAt === null ? null : Date.parse(endedAt),
    exitCode,
    error,
    isGone: endedAt === null && exitCode === null && isHolderGone(holder),
    starts: token,
  };
}
