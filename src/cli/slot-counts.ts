import type { SlotState } from '../schedule/history.js';
import type { SchedulerEvent } from '../schedule/scheduler.js';

/** How slots ended under this server, for Prometheus. Names of schedules are plain words: nothing in them is escaped. */
export class SlotCounts {
  readonly #ended = new Map<string, number>();

  note(event: SchedulerEvent): void {
    if (event.event !== 'changed' || !isEnd(event.slot.state)) return;
    const { schedule, state } = event.slot;
    const labels = `schedule="${schedule}",state="${state}"`;
    this.#ended.set(labels, (this.#ended.get(labels) ?? 0) + 1);
  }

  text(running: number): string {
    const ended = [...this.#ended].map(([labels, count]) => `rtn_schedule_slots_total{${labels}} ${count}\n`);
    return [
      '# HELP rtn_schedule_running Slots whose runs are in the hands of this server.\n',
      '# TYPE rtn_schedule_running gauge\n',
      `rtn_schedule_running ${running}\n`,
      '# HELP rtn_schedule_slots_total Slots that ended under this server.\n',
      '# TYPE rtn_schedule_slots_total counter\n',
      ...ended,
    ].join('');
  }
}

function isEnd(state: SlotState): boolean {
  return state !== 'waiting' && state !== 'running';
}
