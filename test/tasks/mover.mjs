import { systemClock } from '../../dist/clock.js';
import { toRtnError } from '../../dist/error.js';
import { runnerExit } from '../../dist/exit.js';
import { parseLocation } from '../../dist/pipeline/location.js';
import { pg2yt } from '../../dist/tasks/pg2yt.js';

// A pass of pg2yt as a process, to be killed: MOVE says what is moved, as JSON. Says `begun` first, its summary last.

const { table, folder, options, id } = JSON.parse(process.env.MOVE);
const control = new AbortController();
process.on('SIGTERM', () => control.abort());
process.stdout.write('begun\n');
try {
  const { isComplete, summary } = await pg2yt(
    { name: 'log', type: 'send-log', location: parseLocation(`pg:${table}`) },
    { name: 'archive', type: 'send-log', location: parseLocation(`yt:${folder}`) },
    options,
  ).run({
    id,
    operation: 'archive',
    version: '1.0.0',
    digest: 'd'.repeat(64),
    clock: systemClock,
    environment: process.env,
    isDryRun: false,
    waitMs: 30_000,
    signal: control.signal,
    warn: (message) => process.stderr.write(`${message}\n`),
    progress: () => {},
  });
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  process.exitCode = isComplete ? 0 : 75;
} catch (thrown) {
  const error = toRtnError(thrown);
  process.stderr.write(`${error.message}\n`);
  process.exitCode = runnerExit(error.code);
}
