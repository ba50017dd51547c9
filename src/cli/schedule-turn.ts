import { sleep, systemClock } from '../clock.js';
import { decideManual } from '../schedule/decide-manual.js';
import type { Change, History, SlotRecord } from '../schedule/history.js';
import type { Schedule } from '../schedule/schedule.js';
import { abandonedSlot } from '../schedule/slots.js';
import type { RegistryRunners } from './schedule-runners.js';
import type { Session } from './session.js';

/** How often it is looked whether what stands in the way has ended. */
const LOOK_MS = 1_000;

/** Those by which a person, a terminal or a supervisor asks a command to end. */
export const ENDING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** A schedule, and what a start of one of its slots by hand is made with. */
export interface SlotPlace {
  readonly schedule: Schedule;
  readonly history: History;
  readonly runners: RegistryRunners;
  readonly session: Session;
}

type Taking = SlotPlace & { readonly slotMs: number; readonly server: string };

/** Takes the slot, once nothing stands in its way; undefined where it is refused, or a signal ends the wait. */
export async function takeSlot(given: Taking): Promise<SlotRecord | undefined> {
  const interrupted = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => interrupted.abort(signal);
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupt);
  try {
    return await waitForTurn(given, interrupted.signal);
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, interrupt);
  }
}

async function waitForTurn(given: Taking, interrupted: AbortSignal): Promise<SlotRecord | undefined> {
  const { schedule, history, runners, session, slotMs, server } = given;
  let told: string | undefined;
  for (;;) {
    const decision = await history.change(
      schedule.name,
      (standing) =>
        decideManual(schedule, standing, {
          slotMs,
          server,
          nowMs: systemClock.now(),
          fate: (slot) => runners.fate(slot),
        }),
      slotMs,
    );
    if (decision.kind === 'refused') {
      session.err(
        `rtn: ${decision.reason}; nothing was started\nnext: rtn schedule history ${schedule.name}\n`,
      );
      return undefined;
    }
    if (interrupted.aborted) return abandon(given, `${interrupted.reason} came before its turn`);
    if (decision.kind === 'start') return decision.slot;
    if (told !== decision.behind) session.err(`waits for ${decision.behind} to end\n`);
    told = decision.behind;
    await history.beat(server);
    await sleep(systemClock, LOOK_MS, interrupted);
  }
}

/** Nobody waits for the slot any more. */
async function abandon(
  { schedule, history, session, slotMs, server }: Taking,
  why: string,
): Promise<undefined> {
  await history.change(
    schedule.name,
    ({ slots }): Change => {
      const known = slots.find((slot) => slot.slotMs === slotMs);
      if (known === undefined || known.server !== server) return {};
      const { silentMs: _, ...slot } = known;
      return { put: [abandonedSlot(slot, systemClock.now(), why)] };
    },
    slotMs,
  );
  session.err(`rtn: ${why}; nothing was started\n`);
}
