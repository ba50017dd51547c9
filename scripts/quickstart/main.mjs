import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { Push } from 'zeromq';
import { sandboxDirectory, startSandbox } from '../../dist/local/sandbox.js';
import { openYtClient } from '../../dist/yt/client.js';
import { ROOT } from '../install.mjs';
import { archived } from './archived.mjs';
import { isGone, ROWS, recipients } from './recipients.mjs';

const TABLE = '//home/crm/drivers';
const LOG = 'driver_push_log';
const ARCHIVE = '//home/crm/log/driver_push';
const SERVICE_MESSAGES = 1_000;
const RUNNERS = 'runners';
const RTN = join(ROOT, 'dist', 'cli', 'main.js');

/** Thrown where Ctrl-C cuts the quickstart short: everything started is stopped, nothing more is said. */
class Interrupted extends Error {}

/** The process that runs now and has to hear of signals. */
let child = /** @type {import('node:child_process').ChildProcess | undefined} */ (undefined);
let isInterrupted = false;

/** Runs the main job end to end; gives the exit code. */
export async function quickstart() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => {
      isInterrupted = true;
      child?.kill('SIGTERM');
    });
  }
  const work = await mkdtemp(join(tmpdir(), 'rtn-quickstart-'));
  const directory = sandboxDirectory(ROOT);
  say('Starting Postgres, a YTsaurus-compatible server and a push service on this machine …');
  const sandbox = await startSandbox(directory, {
    isFresh: true,
    provider: { isGone, throttleEvery: 6_000, failEvery: 70 },
  });
  try {
    await uploadRecipients(sandbox);
    say(`Generating the runners of driver_push and pg2yt into ${RUNNERS}/ …`);
    for (const operation of ['driver_push', 'pg2yt'])
      await node([RTN, 'generate', operation, '--out', RUNNERS], {});
    const oneShot = await runOneShot(sandbox, work);
    const service = await runService(sandbox, work);
    const logged = await summarise(sandbox, { oneShot, service });
    await moveLog(sandbox, logged);
    suggest();
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown;
    say('Interrupted: everything that was started has been stopped.');
    return 130;
  } finally {
    await sandbox.close();
    await rm(work, { recursive: true, force: true });
  }
}

async function uploadRecipients(/** @type {import('../../dist/local/sandbox.js').Sandbox} */ sandbox) {
  say(`Writing ${ROWS.toLocaleString('en-US')} recipients to the table ${TABLE} …`);
  const yt = openYtClient({ proxy: sandbox.yt.address });
  try {
    await yt.create('table', TABLE, { recursive: true });
    await yt.writeTable(TABLE, recipients(ROWS));
    await yt.create('map_node', dirname(ARCHIVE), { recursive: true });
  } finally {
    await yt.close();
  }
}

/** Sends the table. */
async function runOneShot(
  /** @type {import('../../dist/local/sandbox.js').Sandbox} */ sandbox,
  /** @type {string} */ work,
) {
  const summary = join(work, 'one-shot.json');
  const command = [runnerFile('one-shot'), '--recipients', `yt:${TABLE}`, '--summary', summary];
  say(`\n$ node ${command.slice(0, 3).join(' ')}`);
  await node(command, sandbox.environment);
  return JSON.parse(await readFile(summary, 'utf8'));
}

/** Starts the service, pushes messages to it, waits until the push service has them all, and asks the service to end. */
async function runService(
  /** @type {import('../../dist/local/sandbox.js').Sandbox} */ sandbox,
  /** @type {string} */ work,
) {
  const summary = join(work, 'service.json');
  const endpoint = `ipc://${join(work, 'driver_push')}`;
  const command = [runnerFile('service'), '--listen', endpoint, '--summary', summary];
  say(
    `\n$ node ${command.slice(0, 3).join(' ')}   # and ${SERVICE_MESSAGES.toLocaleString('en-US')} messages over a PUSH socket`,
  );
  const before = sandbox.provider.receipts.size;
  const running = node(command, sandbox.environment);
  const push = new Push({ linger: 0, sendTimeout: 30_000 });
  push.connect(endpoint);
  for (let index = 0; index < SERVICE_MESSAGES && !isInterrupted; index++) {
    const row = {
      message_id: `s-${index}`,
      driver_id: `driver-${index}00`,
      title: 'Order',
      text: `Order ${index} is near you`,
    };
    await push.send(JSON.stringify(row));
  }
  const ended = running.then(() => true);
  while (sandbox.provider.receipts.size < before + SERVICE_MESSAGES) {
    if (await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20, false))])) break;
  }
  push.close();
  child?.kill('SIGTERM');
  await running;
  return JSON.parse(await readFile(summary, 'utf8'));
}

/** Moves the log that was just written to YTsaurus, as a scheduler would have it done, and counts on both sides. */
async function moveLog(
  /** @type {import('../../dist/local/sandbox.js').Sandbox} */ sandbox,
  /** @type {number} */ logged,
) {
  const command = [join(RUNNERS, 'pg2yt-1.4.1.one-shot.mjs'), '--log', `pg:${LOG}`];
  command.push('--archive', `yt:${ARCHIVE}`);
  say(`$ node ${command.join(' ')}`);
  await node(command, sandbox.environment);
  const { tables, left, isSame } = await archived(sandbox, { table: LOG, folder: ARCHIVE });
  const format = (/** @type {number} */ number) => number.toLocaleString('en-US').padStart(7);
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  say(`
Where the log is now
  ${format(left)} rows in Postgres, in ${LOG}
  ${format(total)} rows in YTsaurus, in ${tables.map(({ path }) => path).join(' and ')}`);
  if (left !== 0 || total !== logged || !isSame) throw new Error('rows were lost or doubled on the way');
}

/**
 * Runs a Node program in the project's folder, its output on this terminal. Throws when it fails.
 * @param {string[]} words
 * @param {Readonly<Record<string, string>>} environment
 */
async function node(words, environment) {
  if (isInterrupted) throw new Interrupted();
  const running = spawn(process.execPath, words, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  child = running;
  const code = await new Promise((resolve) => running.once('exit', resolve));
  child = undefined;
  if (isInterrupted) throw new Interrupted();
  if (code !== 0) throw new Error(`node ${words.join(' ')} ended with ${code}`);
}

function runnerFile(/** @type {string} */ runner) {
  return join(RUNNERS, `driver_push-1.4.10.${runner}.mjs`);
}

/** Tells what the log says, held against what the push service says it received; gives the log's rows. */
async function summarise(
  /** @type {import('../../dist/local/sandbox.js').Sandbox} */ sandbox,
  /** @type {Record<'oneShot' | 'service', { runId: string, durationMs: number, counts: { attempts: number, retries: number } }>} */ runs,
) {
  const client = new pg.Client({ connectionString: sandbox.postgres.url });
  await client.connect();
  const { rows } = await client.query(`select outcome, count(*)::int as count from ${LOG} group by outcome`);
  await client.end();
  const logged = Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const format = (/** @type {number} */ number) => (number ?? 0).toLocaleString('en-US').padStart(7);
  const rate = Math.round(ROWS / (runs.oneShot.durationMs / 1_000));
  const retries = runs.oneShot.counts.retries + runs.service.counts.retries;
  const receipts = sandbox.provider.receipts.size;
  say(`
What the log says
  ${format(logged.sent)} sent        the push service holds ${receipts.toLocaleString('en-US')} receipts${receipts === logged.sent ? ': exactly these' : ', which do not agree!'}
  ${format(logged.rejected)} rejected    rows that do not fit the operation's schema, and drivers whose device is gone
  ${format(logged.failed)} failed
  ${format(retries)} repeats     after a 429 or a 503
  ${format(total)} rows in the table ${LOG}; the one-shot run logged ${rate.toLocaleString('en-US')} a second
`);
  if (receipts !== logged.sent || total !== ROWS + SERVICE_MESSAGES)
    throw new Error('the log and the push service do not agree');
  return total;
}

function suggest() {
  say(`
All of it stays in the sandbox (${sandboxDirectory(ROOT)}). Try next:
  npx rtn sandbox sql "select run_id, state, started_at from rtn.runs"
  npx rtn schedule next
  node ${runnerFile('one-shot')} --help
  npx rtn check
`);
}

function say(/** @type {string} */ text) {
  process.stderr.write(`${text}\n`);
}
