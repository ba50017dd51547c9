import type { Clock } from '../clock.js';
import type { History, SlotRecord } from './history.js';
import type { Schedule } from './schedule.js';

/** An alert that is still there so long after its slot ended was left behind by a server that went. */
const LEFT_MS = 120_000;

interface AlertOptions {
  readonly clock: Clock;
  readonly history: History;
  /** Sends the alert that a slot's record has; throws where that failed for good. */
  sendAlert(schedule: Schedule, slot: SlotRecord): Promise<void>;
}

/**
 * Sends alerts beside the scheduling. An alert stands in its slot's record until it was sent or given up, so that one is
 * sent again rather than lost where a server is killed meanwhile.
 */
export class SlotAlerts {
  readonly #options: AlertOptions;
  readonly #tellError: (schedule: string, thrown: unknown) => void;
  readonly #sending = new Map<string, Promise<void>>();

  constructor(options: AlertOptions, tellError: (schedule: string, thrown: unknown) => void) {
    this.#options = options;
    this.#tellError = tellError;
  }

  send(schedule: Schedule, slot: SlotRecord): void {
    const key = `${slot.schedule}@${slot.slotMs}`;
    if (this.#sending.has(key)) return;
    const sending = this.#send(schedule, slot)
      .catch((thrown: unknown) => this.#tellError(schedule.name, thrown))
      .finally(() => this.#sending.delete(key));
    this.#sending.set(key, sending);
  }

  /** Sends what servers that are gone have left. */
  async sendLeft(schedules: ReadonlyMap<string, Schedule>): Promise<void> {
    const { clock, history } = this.#options;
    for (const { silentMs: _, ...slot } of await history.alerts()) {
      const schedule = schedules.get(slot.schedule);
      if (schedule !== undefined && clock.now() - (slot.endedMs ?? 0) > LEFT_MS) this.send(schedule, slot);
    }
  }

  /** Resolves once nothing is being sent. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending.values());
  }

  async #send(schedule: Schedule, slot: SlotRecord): Promise<void> {
    const { history, sendAlert } = this.#options;
    await sendAlert(schedule, slot).catch((thrown: unknown) => this.#tellError(schedule.name, thrown));
    await history.change(
      schedule.name,
      ({ slots }) => {
        const known = slots.find(({ slotMs }) => slotMs === slot.slotMs);
        if (known?.alert !== slot.alert) return {};
        const { silentMs: _, ...record } = known;
        return { put: [{ ...record, alert: null }] };
      },
      slot.slotMs,
    );
  }
}
