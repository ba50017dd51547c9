import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { parseSlot } from '../../src/schedule/slot.js';
import { crontabCommand } from '../../src/targets/crontab-text.js';
import { neededTool, ownMounts } from '../setup/debian-tools.js';
import { httpServer, reply } from '../setup/http.js';
import { registryWith } from './registry.js';
import { ATTACKS } from './run.js';

const ROOT = join(import.meta.dirname, '..', '..');
const ROWS = 40;
const MINUTES = { timeout: 150_000 };
const PRINT = "require('fs').writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))";

const rowsOf = (count: number) =>
  `message_id,driver_id,title,text\n${Array.from({ length: count }, (_, at) => `m${at},d${at},Hi,there\n`).join('')}`;

/** Debian's cron on these files of /etc/cron.d, which nobody else sees. Gives how it is ended. */
function startCron(files: readonly string[], context: TestContext): () => Promise<void> {
  const [program, ...words] = ownMounts(context);
  const script = `for folder in /etc/cron.d /var/spool/cron /run; do mount -t tmpfs none $folder || exit 1; done
mkdir /var/spool/cron/crontabs && cp "$@" /etc/cron.d && chmod 644 /etc/cron.d/* && exec "$0" -f`;
  const child = spawn(program, [...words, 'sh', '-c', script, neededTool('cron', context), ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'close');
  const end = async () => {
    child.kill();
    await ended;
  };
  onTestFinished(end);
  return end;
}

test('cron starts the runner of a generated line for its slot, and none while it still runs', {
  timeout: 300_000,
}, async (context) => {
  const begunMs = Date.now();
  const released = new AbortController();
  // Slow enough that the run meets the next minute, and no slower than the channel waits.
  const push = await httpServer(async (_, response) => {
    await setTimeout(5_000, undefined, { signal: released.signal }).catch(() => {});
    reply(response, 200, { id: 'x' });
  });
  const { root, rtn } = registryWith({ components: COMPONENTS }, ({ folder }) => ({
    every_minute: {
      version: '1.4.10',
      runner: 'one-shot',
      cron: '* * * * *',
      catch_up: 'none',
      deadline: '50s',
      timeout: '5m',
      inputs: { recipients: `file:${folder}/it's 100%.csv` },
      outputs: { log: `file:${folder}/logs` },
      params: { endpoint: push.origin, concurrency: 1 },
    },
  }));
  writeFileSync(join(root, "it's 100%.csv"), rowsOf(ROWS));
  for (const name of ['secrets', 'state', 'bundle/driver_push-1.4.10/node_modules'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'secrets', 'PUSH_TOKEN'), 'secret\n');
  const bundle = join(root, 'bundle', 'driver_push-1.4.10');
  symlinkSync(ROOT, join(bundle, 'node_modules', 'realtime-notifications'));
  await rtn('generate', 'driver_push', '--out', bundle);
  const folders = ['--install-dir', join(root, 'bundle'), '--secrets-dir', join(root, 'secrets')];
  const where = [...folders, '--state-dir', join(root, 'state'), '--node', process.execPath];
  await rtn('generate', 'every_minute', '--target', 'crontab', '--user', 'root', ...where);

  const [lock, marker, words] = ['state/every_minute.lock', 'marker', 'words'].map((name) =>
    join(root, name),
  );
  const beside = join(root, 'beside');
  writeFileSync(
    beside,
    `* * * * * root sleep 5; flock -n -E 75 ${lock} true; echo $? >> ${marker}
* * * * * root ${crontabCommand([process.execPath, '-e', PRINT, words ?? '', ...ATTACKS])}
`,
  );
  const end = startCron([join(root, 'schedulers/crontab/rtn-every_minute'), beside], context);

  await expect.poll(() => push.requests.length, MINUTES).toBeGreaterThan(0);
  const firstMs = Date.now();
  const marks = () =>
    existsSync(marker ?? '')
      ? readFileSync(marker ?? '', 'utf8')
          .trim()
          .split('\n')
      : [];
  const before = marks().length;
  // That the first of these may be of the same minute, before the lock was taken, does not matter.
  await expect.poll(() => marks().length, MINUTES).toBeGreaterThan(before + 1);
  expect(marks().at(-1)).toBe('75');
  await end();
  released.abort();
  // Not synchronously: the provider is in this process.
  await promisify(execFile)('flock', ['-w', '60', lock ?? '', 'true']);

  // Each once: no second run has sent anything.
  expect(push.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array(ROWS).fill('Bearer secret'),
  );
  expect(new Set(push.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(ROWS);
  const logs = readdirSync(join(root, 'logs')).filter((name) => name.endsWith('.ndjson'));
  const rows = logs.flatMap((name) =>
    readFileSync(join(root, 'logs', name), 'utf8')
      .trim()
      .split('\n'),
  );
  const results = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(ROWS).fill('sent'));
  const runs = new Set(results.map(({ run_id: run }) => String(run)));
  expect(runs.size).toBe(1);
  const [schedule, slot] = [...runs].join().split('@');
  const slotMs = parseSlot(slot ?? '') ?? Number.NaN;
  expect(schedule).toBe('every_minute');
  expect(slotMs).toBeGreaterThan(begunMs - 60_000);
  expect(slotMs).toBeLessThanOrEqual(firstMs);
  expect(JSON.parse(readFileSync(words ?? '', 'utf8'))).toEqual(ATTACKS);
});
