import { cronTimes } from '../../src/cli/schedule-times.js';
import { sleep, VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import {
  type Change,
  type History,
  isActive,
  type KnownSlot,
  NOTHING_KNOWN,
  type SlotRecord,
  type Standing,
} from '../../src/schedule/history.js';
import type { Runners, SlotRunner } from '../../src/schedule/runners.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { Scheduler, type SchedulerEvent } from '../../src/schedule/scheduler.js';
import { slotText } from '../../src/schedule/slot.js';

const MINUTE_MS = 60_000;

/** A clock that can be set, as a suspended laptop's or a corrected one's: timers go by what was not jumped over. */
class SettableClock extends VirtualClock {
  #jumpedMs = 0;

  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }

  override now(): number {
    return super.now() + this.#jumpedMs;
  }
}

/** How one start of a slot goes. `hard` hears no SIGTERM. */
export interface Script {
  /** What making its process throws. */
  readonly refused?: Error;
  /** How long it takes until there is a process. */
  readonly opensMs?: number;
  readonly lastsMs: number;
  readonly exitCode?: number;
  readonly isHard?: boolean;
}

interface FakeProcess {
  readonly id: string;
  isAlive: boolean;
  exitCode: number | undefined;
  /** What it leaves for those who adopt it. */
  leaves: boolean;
  end(exitCode: number): void;
  readonly runner: SlotRunner;
}

/** Schedules in virtual time: one store, processes that follow scripts, and servers that come and are killed. */
export class World {
  readonly clock = new SettableClock({ epochMs: Date.UTC(2026, 0, 1, 9, 0, 30) });
  readonly history = new MemoryHistory();
  readonly processes = new Map<string, FakeProcess>();
  /** Starts as they came: `09:01#1 at 09:01:00`. */
  readonly starts: string[] = [];
  /** Alerts as they came: `09:01 failed`. */
  readonly alerts: string[] = [];
  readonly events: SchedulerEvent[] = [];
  /** Processes whose leavings were taken away by a server that had not held them. */
  readonly forgotten: string[] = [];
  /** The most starts that were being prepared at once. */
  mostOpening = 0;
  #opening = 0;
  readonly #script: (slot: string, attempt: number) => Script;
  #servers = 0;

  constructor(script: (slot: string, attempt: number) => Script = () => ({ lastsMs: 5_000 })) {
    this.#script = script;
  }

  /** A server of these schedules; `kill` is a kill -9 of it, and `served` its end otherwise. */
  serve(...schedules: Schedule[]) {
    const name = `server-${++this.#servers}`;
    let isAlive = true;
    const alive = () => isAlive;
    const scheduler = new Scheduler({
      clock: this.clock,
      history: this.history.of(alive),
      runners: this.#runners(name),
      times: cronTimes,
      server: name,
      tell: (event) => void this.events.push(event),
      sendAlert: async (_, slot) => void this.alerts.push(`${hour(slot.slotMs)} ${slot.alert}`),
    });
    scheduler.load(schedules);
    this.#alive.add(name);
    const served = scheduler.serve();
    return {
      scheduler,
      served,
      kill: () => {
        isAlive = false;
        this.#alive.delete(name);
        scheduler.leave();
      },
    };
  }

  readonly #alive = new Set<string>();

  minutes(count: number): Promise<void> {
    return this.clock.advance(count * MINUTE_MS);
  }

  /** What became of the slots: `09:01 ran`. */
  states(): string[] {
    return this.history.all().map(({ slotMs, state }) => `${hour(slotMs)} ${state}`);
  }

  /** Kills a process from outside. */
  killProcess(slot: string): void {
    for (const process of this.processes.values()) if (process.id.startsWith(slot)) process.end(137);
  }

  #runners(server: string): Runners {
    return {
      start: async (_, slot) => {
        const { opensMs, refused } = this.#script(hour(slot.slotMs), slot.attempt);
        if (refused !== undefined) throw refused;
        this.mostOpening = Math.max(this.mostOpening, ++this.#opening);
        if (opensMs !== undefined) await sleep(this.clock, opensMs);
        this.#opening--;
        return this.#start(slot);
      },
      adopt: async (_, { process }) => this.#find(process).runner,
      forget: (process) => void this.forgotten.push(process),
      fate: ({ server: other, process }) => {
        if (other !== null && other !== server && this.#alive.has(other)) return 'elsewhere';
        const found = process === null ? undefined : this.processes.get(process);
        if (found === undefined) return 'gone';
        if (found.isAlive) return 'orphan';
        return found.leaves && found.exitCode !== undefined ? { exitCode: found.exitCode } : 'gone';
      },
    };
  }

  #find(id: string | null): FakeProcess {
    const found = this.processes.get(id ?? '');
    if (found === undefined) throw new Error(`there is no process ${id}`);
    return found;
  }

  #start({ slotMs, attempt }: SlotRecord): SlotRunner {
    const script = this.#script(hour(slotMs), attempt);
    const id = `${hour(slotMs)}#${attempt}`;
    let settle: (exitCode: number) => void = () => {};
    const ended = new Promise<number>((resolve) => {
      settle = resolve;
    });
    const process: FakeProcess = {
      id,
      isAlive: true,
      exitCode: undefined,
      leaves: true,
      end: (exitCode) => {
        if (!process.isAlive) return;
        process.isAlive = false;
        process.exitCode = exitCode;
        // A killed one leaves no word.
        process.leaves = exitCode < 128;
        settle(exitCode);
      },
      runner: {
        process: id,
        version: '1.0.0',
        graceMs: 45_000,
        go: () => {
          this.starts.push(`${id} at ${new Date(this.clock.now()).toISOString().slice(11, 19)}`);
          this.clock.schedule(script.lastsMs, () => process.end(script.exitCode ?? 0));
        },
        terminate: () => {
          if (script.isHard !== true) this.clock.schedule(2_000, () => process.end(75));
        },
        kill: () => process.end(137),
        ended,
        release: () => {},
      },
    };
    this.processes.set(id, process);
    return process.runner;
  }
}

/** A schedule of every minute, but for what is said. */
export function schedule(given: Partial<Schedule> = {}): Schedule {
  return {
    name: 'night',
    operation: 'driver_push',
    version: '1.0.0',
    cron: '* * * * *',
    timeZone: 'UTC',
    inputs: {},
    outputs: {},
    params: {},
    overlap: 'forbid',
    catchUp: 'latest',
    retries: { attempts: 0, pauseMs: MINUTE_MS },
    isPaused: false,
    resources: {},
    alert: { webhook: 'HOOK', events: ['failed', 'missed', 'recovered'] },
    ...given,
  };
}

/** `09:01`. */
function hour(slotMs: number): string {
  return slotText(slotMs).slice(11, 16);
}

/** The contract of a history in memory; several servers may share it. */
class MemoryHistory {
  readonly #standings = new Map<string, Standing>();
  readonly #slots = new Map<string, KnownSlot>();

  /** Names of schedules whose memory cannot be read. */
  readonly broken = new Set<string>();

  all(): KnownSlot[] {
    return [...this.#slots.values()].sort((a, b) => a.slotMs - b.slotMs);
  }

  change<Result extends Change>(
    name: string,
    decide: (standing: Standing) => Result,
    wantedMs?: number,
  ): Result {
    if (this.broken.has(name)) throw new RtnError('storage', `${name} cannot be read`, { next: 'mend it' });
    const before = this.#standings.get(name) ?? NOTHING_KNOWN;
    const slots = this.all().filter(
      (slot) =>
        slot.schedule === name &&
        (isActive(slot) ||
          slot.slotMs > (before.cursorMs ?? Number.POSITIVE_INFINITY) ||
          slot.slotMs === wantedMs),
    );
    const change = decide({ ...before, slots });
    const { put = [], ...rest } = change;
    for (const slot of put) this.#slots.set(`${name}@${slot.slotMs}`, { ...slot, silentMs: 0 });
    this.#standings.set(name, {
      cursorMs: rest.cursorMs ?? before.cursorMs,
      timing: rest.timing ?? before.timing,
      isPaused: rest.isPaused ?? before.isPaused,
      isTroubled: rest.isTroubled ?? before.isTroubled,
      watch: rest.watch ?? before.watch,
      slots: [],
    });
    return change;
  }

  /** As a server sees it: one that was killed hears and writes nothing more. */
  of(isAlive: () => boolean): History {
    const never = new Promise<never>(() => {});
    const answer = async <T>(give: () => T): Promise<T> => (isAlive() ? give() : never);
    return {
      address: 'memory',
      change: (name, decide, wantedMs) => answer(() => this.change(name, decide, wantedMs)),
      beat: () => answer(() => {}),
      busy: () =>
        answer(() =>
          this.all()
            .filter(isActive)
            .map(({ schedule }) => schedule),
        ),
      alerts: () => answer(() => this.all().filter(({ alert }) => alert !== null)),
      list: () => answer(() => this.all()),
      schedules: () => answer(() => []),
      unreadable: () => answer(() => []),
      close: async () => {},
    };
  }
}
