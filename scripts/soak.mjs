import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, ROOT, run } from './install.mjs';

const USAGE = `usage: npm run soak [-- --minutes N]
       npm run soak -- matrix [--only TEXT]
       npm run soak -- kills [--store=pg|file|yt] [--policy=idempotent|resend|skip|hold] [--sender=async|batch]
                             [--kills=N] [--rows=N] [--seed=N]
       npm run soak -- pg2yt [--kills=N] [--seed=N]

Without a word: driver_push as a service at 0.8 of the rate that a bare loop reaches in the same run, for ten minutes.
Fails when a message is lost between receipt and log, or when memory grows.

matrix: every operation that sends, on every input that it can read and every log that it can write: 10,000 rows each, to
a provider that throttles, fails, cuts connections, is slow, calls some busy and refuses some. Each log is held against
the receipts, id by id; a line a run, about a quarter of an hour for all. --only: runs whose line holds TEXT, such as
taxi_exp or "csv to yt".

kills: runs of 100,000 rows that are killed at random times and started again, until 200 kills have come together for each
policy and sender. Log, ledger and receipts must agree, id by id; a line of figures each. The first line says how to
repeat it.

pg2yt: passes of pg2yt that are killed at random moments, 200 times, while writers go on: in the end the folder has each row
once, and as it was.
`;

const words = process.argv.slice(2);
if (words.includes('--help')) {
  process.stdout.write(USAGE);
} else if (words[0] === 'matrix') {
  const only = onlyOf(words.slice(1));
  install();
  build();
  const { runMatrix } = await import(pathToFileURL(compiledMatrix()).href);
  process.exitCode = await runMatrix(ROOT, only);
} else if (words[0] === 'kills') {
  const { killSettings, soakKills } = await import('./soak/kills.mjs');
  const settings = killSettings(words.slice(1)) ?? misused();
  install();
  build();
  process.exitCode = soakKills(settings);
} else if (words[0] === 'pg2yt') {
  const { moveSettings, soakMoves } = await import('./soak/pg2yt.mjs');
  const settings = moveSettings(words.slice(1)) ?? misused();
  install();
  build();
  process.exitCode = soakMoves(settings);
} else {
  const minutes = minutesOf(words);
  install();
  build();
  const { soakService } = await import('./soak/service.mjs');
  process.exitCode = await soakService(minutes);
}

/** Compiled aside, with what it shares with the tests, so that dist/ holds only the product. */
function compiledMatrix() {
  const out = join(ROOT, '.cache', 'matrix');
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', out]);
  return join(out, 'scripts', 'soak', 'matrix.js');
}

/** @param {string[]} given */
function onlyOf([flag, text, ...rest]) {
  if (flag === undefined) return '';
  return flag === '--only' && text !== undefined && rest.length === 0 ? text : misused();
}

/** @param {string[]} given */
function minutesOf([flag, text, ...rest]) {
  if (flag === undefined) return 10;
  const number = Number(text);
  return flag === '--minutes' && number > 0 && rest.length === 0 ? number : misused();
}

function misused() {
  process.stderr.write(USAGE);
  return process.exit(64);
}
