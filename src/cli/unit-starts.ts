/**
 * Loaded before a runner (`node --import`) by the units of schedules that have retries: counts the starts of one slot, and lets the
 * last one end with a code after which systemd starts nothing. `RTN_STARTS` says how many there may be. The count is a file
 * in the unit's runtime directory, which systemd keeps from one start to the next and takes away after the last
 * (RuntimeDirectoryPreserve=restart, systemd.exec(5)); what systemd counts itself are starts in a window of time, of many slots.
 */
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, GIVEN_UP_EXIT } from '../exit.js';

const most = Number(process.env.RTN_STARTS);
const starts = startsUntilNow(process.env.RUNTIME_DIRECTORY);

process.on('exit', (code) => {
  if (starts < most || !exitCodes('retry').includes(code)) return;
  process.stderr.write(`gave up after ${most} starts: exit code ${code} is made ${GIVEN_UP_EXIT}\n`);
  process.exitCode = GIVEN_UP_EXIT;
});

/** One byte a start. Where they cannot be counted this one is taken for the last: better too few than without end. */
function startsUntilNow(folder: string | undefined): number {
  if (folder === undefined) return Number.POSITIVE_INFINITY;
  try {
    const file = join(folder, 'starts');
    appendFileSync(file, '.');
    return statSync(file).size;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
