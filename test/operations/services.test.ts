import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPushProvider } from '../../src/local/provider.js';
import { pushRows } from '../../src/readers/push-rows.js';
import { testDatabase } from '../setup/database.js';
import { temporaryFolder } from '../setup/yt.js';
import { BODY, OPERATIONS, type SendingOperation } from './cases.js';
import { readLog } from './logs.js';
import { generateRunner, PLANTED_SECRET } from './run.js';
import type { Surroundings } from './surroundings.js';

// The services of the operations that send batches, as processes of their own, on a real ZeroMQ socket. coupons_activate
// and taximeter_wall have one in the registry; taxi_upload and taxi_exp get one here, in a copy of the registry, from
// the sender that they are published with.

const ROOT = join(import.meta.dirname, '..', '..');
const COUNT = 350;
/** One batch is not full when the end comes. */
const MAX_ITEMS = 100;
const FAULTS = { throttleEvery: 5, failEvery: 3, resetEvery: 2, slowEvery: 2, slowMs: 50, busyEvery: 97 };
const GONE = 'r120';

const database = testDatabase();

describe('a service that sends batches', () => {
  test.for(
    OPERATIONS.filter(({ batch }) => batch !== undefined).map(
      (sending) => [sending.operation, sending] as const,
    ),
  )(
    '%s: its log and the receipts agree after SIGTERM, what had not filled a batch included',
    { timeout: 90_000 },
    async ([, sending]) => {
      const surroundings = { root: ROOT, folder: temporaryFolder(), database };
      const isGone = (to: string) => to === GONE;
      const provider = await startPushProvider({ ...FAULTS, isGone, token: PLANTED_SECRET });
      onTestFinished(() => provider.close());
      const service = await startService(sending, provider.endpoint, surroundings);
      const rows = Array.from({ length: COUNT }, (_, index) => sending.row(index, BODY));
      expect(await pushRows(service.endpoint, rows)).toMatchObject({ rows: COUNT, disconnects: 0 });
      await expect.poll(() => provider.receipts.size, { timeout: 20_000 }).toBeGreaterThan(MAX_ITEMS);
      service.terminate();
      const { code, output } = await service.ended;

      const refused = sending.batch?.isTold === true ? 1 : 0;
      expect(output).toContain(`${COUNT} read, ${COUNT - refused} sent`);
      expect(code).toBe(0);
      const log = await readLog('pg', '', surroundings);
      expect(log.map(({ position }) => position).sort((a, b) => a - b)).toEqual([...rows.keys()]);
      const sent = log.filter(({ outcome }) => outcome === 'sent').map((line) => line.message_id);
      expect([...provider.receipts.values()].map(({ id }) => id).sort()).toEqual(sent.sort());
      expect(provider.carriedOutAgain).toEqual([]);
      expect(provider.troubles.resets).toBeGreaterThan(0);
      expect(provider.answers.get(503)).toBeGreaterThan(0);
    },
  );
});

/** Generates and starts the service of an operation, which listens in the folder and logs to Postgres. */
async function startService(sending: SendingOperation, provider: string, surroundings: Surroundings) {
  const { folder, root } = surroundings;
  const own = withService(sending, folder);
  const runner = await generateRunner(own.operation, 'service', surroundings, own.flags);
  await database.query('drop table if exists send_log');
  const endpoint = `ipc://${join(folder, 'socket')}`;
  const child = spawn(
    process.execPath,
    [runner, '--listen', endpoint, '--endpoint', provider, '--log', 'pg:send_log']
      .concat(['--max-items', String(MAX_ITEMS), '--state-dir', join(folder, 'state')])
      .concat(sending.flags),
    {
      cwd: root,
      env: { PATH: process.env.PATH, DATABASE_URL: database.url, [sending.secret]: PLANTED_SECRET },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
  return { endpoint, ended, terminate: () => child.kill('SIGTERM') };
}

/** The operation, where it has a service; else a draft of it in a copy of the registry that has one. */
function withService({ operation }: SendingOperation, folder: string) {
  const [name = '', version = ''] = operation.split('@');
  const published = readFileSync(join(ROOT, 'operations', name, `${version}.yaml`), 'utf8');
  if (published.includes('\n  service:\n')) return { operation, flags: [] };
  const registry = join(folder, 'registry');
  for (const part of ['layers', 'templates'])
    cpSync(join(ROOT, part), join(registry, part), { recursive: true });
  mkdirSync(join(registry, 'operations', name), { recursive: true });
  const [input = ''] = /(?<=reader: { use: table, input: )\w+/.exec(published) ?? [];
  const listen = 'listen: { type: string, default: tcp://127.0.0.1:5579, description: Where rows come. }';
  const draft = published
    .slice(0, published.indexOf('\npublished:'))
    .replace(/^version: .*$/m, 'version: 99.0.0')
    .replace(/^status: .*$/m, 'status: draft')
    .replace(/^params:$/m, `params:\n  ${listen}`)
    .replace('    sender:\n', '    sender: &send\n')
    .concat(
      '\n  service:\n    template: service@1.0.0\n',
      `    reader: { use: zmq, input: ${input}, endpoint: "\${params.listen}" }\n`,
      '    sender: *send\n    logger: { use: log, output: log }\n',
    );
  writeFileSync(join(registry, 'operations', name, '99.0.0.yaml'), draft);
  return { operation: `${name}@99.0.0`, flags: ['--draft', '--root', registry] };
}
