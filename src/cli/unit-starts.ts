/**
 * Loaded before a runner (`node --import`) by the units of schedules that have retries: counts the starts of one slot, and lets the
 * last one end with a code after which systemd starts nothing. `RTN_STARTS` says how many there may be. The count is a file
 * in the unit's runtime directory, which systemd keeps from one start to the next and takes away after the last
 * (RuntimeDirectoryPreserve=restart, systemd.exec(5)); what systemd counts itself are starts in a window of time, of many slots.
 * The file also holds when the first start was, which the runner is told: it is that slot which is tried again.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, GIVEN_UP_EXIT } from '../exit.js';
import { FIRST_START } from '../runtime/first-start.js';

const most = Number(process.env.RTN_STARTS);
const startsMs = startsUntilNow(process.env.RUNTIME_DIRECTORY);
if (startsMs?.[0] !== undefined) process.env[FIRST_START] = startsMs[0];

process.on('exit', (code) => {
  if ((startsMs !== undefined && startsMs.length < most) || !exitCodes('retry').includes(code)) return;
  process.stderr.write(`gave up after ${most} starts: exit code ${code} is made ${GIVEN_UP_EXIT}\n`);
  process.exitCode = GIVEN_UP_EXIT;
});

/** The times of the slot's starts, a line each. Undefined where they cannot be kept: then this one is taken for the last, better too few than without end. */
function startsUntilNow(folder: string | undefined): readonly string[] | undefined {
  if (folder === undefined) return undefined;
  try {
    const file = join(folder, 'starts');
    appendFileSync(file, `${Date.now()}\n`);
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    return undefined;
  }
}
