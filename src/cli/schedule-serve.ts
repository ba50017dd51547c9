import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../clock.js';
import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import type { StatusAddress, StatusServer } from '../observe/status-server.js';
import { thisHolder } from '../pipeline/holder.js';
import { parseAddress } from '../runtime/options.js';
import { Scheduler, type SchedulerEvent } from '../schedule/scheduler.js';
import { slotRunId } from '../schedule/slot.js';
import { sendSlotAlert } from './schedule-alert.js';
import { scheduleFilesMark } from './schedule-files.js';
import { type HistoryOptions, withHistory, withHistoryOption } from './schedule-place.js';
import { rereadOnChange, scheduleReader } from './schedule-reader.js';
import { RegistryRunners } from './schedule-runners.js';
import { cronTimes } from './schedule-times.js';
import { slotJson, slotWords } from './schedule-words.js';
import { rootOf, type Session, withRoot } from './session.js';
import { SlotCounts } from './slot-counts.js';
import { age } from './time-words.js';

interface ServeOptions extends HistoryOptions {
  readonly logs?: string;
  readonly grace?: number;
  readonly json?: boolean;
  readonly healthPort?: StatusAddress;
}

const DEFAULT_GRACE_MS = 30_000;

/** `rtn schedule serve`: the scheduler itself, for a laptop or a small host. */
export function registerServe(command: Command, session: Session): void {
  withHistoryOption(withRoot(command))
    .option(
      '--logs <dir>',
      'what runners print goes to DIR/NAME@SLOT.log, the slot with . for : (default: line by line to standard error)',
    )
    .option(
      '--grace <duration>',
      'on SIGTERM, how long runners may go on before they are told to end, too: 0s, 10m (default: 30s)',
      age,
    )
    .option('--json', 'events as JSON lines on standard output')
    .option(
      '--health-port <port>',
      'serves /healthz, /readyz and /metrics on this port of loopback, or on HOST:PORT; 0 for any that is free',
      addressOption,
    )
    .addHelpText(
      'after',
      `
Starts each schedule of the registry at its slots, until SIGTERM or Ctrl-C: then it starts nothing more and waits for
what runs; a second signal leaves at once, and the next server goes on with it. Killed, it is started again by whatever
started it. Several servers over one history start each slot once.

Examples:
  rtn schedule serve
  rtn schedule serve --logs /var/log/rtn --history pg:`,
    )
    .action((options: ServeOptions) => serve(options, session));
}

async function serve(options: ServeOptions, session: Session): Promise<void> {
  const root = rootOf(options, session);
  const tell = teller(options, session);
  await withHistory(options, session, async (history) => {
    const server = thisHolder();
    const runners = new RegistryRunners({
      root,
      session,
      clock: systemClock,
      server,
      output: ({ schedule, slotMs }) =>
        options.logs === undefined
          ? {
              kind: 'lines',
              line: (text) => tell.line(`${slotRunId(schedule, slotMs)} | ${oneLine(text, 4_000)}`),
            }
          : { kind: 'folder', folder: options.logs },
    });
    const counts = new SlotCounts();
    const scheduler = new Scheduler({
      clock: systemClock,
      history,
      runners,
      times: cronTimes,
      server,
      tell: (event) => {
        counts.note(event);
        tell.event(event);
      },
      sendAlert: (schedule, slot) => sendSlotAlert(schedule, slot, { env: session.env, clock: systemClock }),
    });
    const read = scheduleReader(root, session, tell.line);
    // Before they are read: what is written meanwhile is seen at the next look.
    const mark = scheduleFilesMark(root);
    scheduler.load(await read());
    tell.line(`serves the schedules of ${root}; the history is in ${history.address}`);
    const stopReading = rereadOnChange(root, mark, async () => scheduler.load(await read()), tell.line);
    const health = await openHealth(options.healthPort, scheduler, counts);
    if (health !== undefined) tell.line(`health and metrics on ${health.origin}`);
    const release = endOnSignals(scheduler, options.grace ?? DEFAULT_GRACE_MS, tell);
    try {
      await scheduler.serve();
    } finally {
      stopReading();
      release();
      await health?.close();
    }
    tell.line('ended');
  });
}

interface Teller {
  line(text: string): void;
  event(event: SchedulerEvent): void;
}

function teller({ json }: ServeOptions, session: Session): Teller {
  const time = () => new Date().toISOString();
  const line = (text: string) => session.err(`${time().slice(0, 19)}Z ${text}\n`);
  return {
    line,
    event: (event) => {
      if ('message' in event) {
        const of = event.schedule === undefined ? '' : `${event.schedule}: `;
        line(`${event.event}: ${oneLine(`${of}${event.message}`, 1_000)}`);
        if (event.next !== undefined) line(`next: ${oneLine(event.next, 1_000)}`);
        if (json === true)
          session.out(
            `${JSON.stringify({ time: time(), ...event, schedule: event.schedule ?? null, next: event.next ?? null })}\n`,
          );
        return;
      }
      const { slot } = event;
      const words = {
        started: `started ${slot.operation}@${slot.version}${slot.attempt > 1 ? `, start ${slot.attempt}` : ''}${slot.isCatchUp ? ', late' : ''}`,
        adopted: 'goes on under this server',
        changed: slotWords(slot),
      };
      line(`${slotRunId(slot.schedule, slot.slotMs)} ${words[event.event]}`);
      if (json === true)
        session.out(
          `${JSON.stringify({ time: time(), event: event.event === 'changed' ? slot.state : event.event, ...slotJson(slot) })}\n`,
        );
    },
  };
}

function endOnSignals(scheduler: Scheduler, graceMs: number, tell: Teller): () => void {
  let signals = 0;
  const handle = (signal: NodeJS.Signals) => {
    signals++;
    const { running } = scheduler;
    if (signals === 1) {
      tell.line(
        `${signal}: starts nothing more${running === 0 ? '' : `, waits for ${running} runs; a second signal leaves them to the next server`}`,
      );
      scheduler.end(graceMs);
    } else {
      tell.line(`${signal}: leaves ${running} runs to the next server`);
      scheduler.leave();
      // Its runners are children, which would keep us here.
      process.exit(RUNNER_EXIT.temporary);
    }
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
  return () => {
    process.off('SIGTERM', handle);
    process.off('SIGINT', handle);
  };
}

/** Loaded where it is asked for. */
async function openHealth(
  address: StatusAddress | undefined,
  scheduler: Scheduler,
  counts: SlotCounts,
): Promise<StatusServer | undefined> {
  if (address === undefined) return undefined;
  const { startStatusServer } = await import('../observe/status-server.js');
  return startStatusServer(address, {
    readiness: () => scheduler.readiness,
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: async () => counts.text(scheduler.running),
    },
  });
}

function addressOption(text: string): StatusAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new InvalidArgumentError('expected a port from 0 to 65535, or HOST:PORT.');
  return address;
}
