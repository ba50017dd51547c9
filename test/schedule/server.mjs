import { appendFileSync } from 'node:fs';
import { sendSlotAlert } from '../../dist/cli/schedule-alert.js';
import { cronTimes } from '../../dist/cli/schedule-times.js';
import {
  adoptSlotProcess,
  fateOfSlot,
  forgetSlotProcess,
  startSlotProcess,
} from '../../dist/cli/slot-process.js';
import { openHistory } from '../../dist/loggers/schedule-history.js';
import { thisHolder } from '../../dist/pipeline/holder.js';
import { Scheduler } from '../../dist/schedule/scheduler.js';
import { slotRunId, slotText } from '../../dist/schedule/slot.js';

// A server of one schedule whose minutes last MINUTE_MS real ones. Its runner writes a line to NOTES when it begins and
// one when it ends, and ends with EXIT_CODE.

const { HISTORY, SCHEDULE, NOTES, EPOCH, MINUTE_MS, EXIT_CODE = '0' } = process.env;
const schedule = JSON.parse(SCHEDULE);
const speed = 60_000 / Number(MINUTE_MS);
const clock = {
  now: () => Date.UTC(2026, 0, 1) + (Date.now() - Number(EPOCH)) * speed,
  monotonic: () => performance.now() * speed,
  random: () => Math.random(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / speed);
    return () => clearTimeout(timer);
  },
};
const RUNNER = `
import { appendFileSync } from 'node:fs';
const [slot] = process.argv.slice(2);
appendFileSync(process.env.NOTES, 'began ' + slot + '\\n');
await new Promise((resolve) => setTimeout(resolve, 50));
appendFileSync(process.env.NOTES, 'ended ' + slot + '\\n');
process.exitCode = Number(process.env.EXIT_CODE ?? 0);
`;

const server = thisHolder();
const history = await openHistory(HISTORY, process.env);
const scheduler = new Scheduler({
  clock,
  history,
  server,
  times: cronTimes,
  runners: {
    start: async ({ name }, { slotMs }) =>
      startSlotProcess({
        file: { runner: 'one-shot', name: 'runner.mjs', text: RUNNER },
        flags: [slotText(slotMs)],
        runId: slotRunId(name, slotMs),
        version: '1.0.0',
        graceMs: 60_000 * speed,
        root: process.cwd(),
        cwd: process.cwd(),
        env: { ...process.env, EXIT_CODE },
        output: { kind: 'lines', line: (text) => console.error(text) },
      }),
    adopt: async (_, slot) =>
      adoptSlotProcess(slot.process ?? '', { version: '1.0.0', graceMs: 60_000 * speed, clock }),
    forget: forgetSlotProcess,
    fate: (slot) => fateOfSlot(slot, server),
  },
  tell: (event) => {
    console.error(JSON.stringify(event));
    if (event.event === 'started') appendFileSync(NOTES, `let go ${slotText(event.slot.slotMs)}\n`);
  },
  sendAlert: (of, slot) => sendSlotAlert(of, slot, { env: process.env, clock }),
});
process.on('SIGTERM', () => scheduler.end(60 * 60_000));
scheduler.load([schedule]);
console.log('serves');
await scheduler.serve();
await history.close();
