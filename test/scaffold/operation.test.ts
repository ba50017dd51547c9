import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { startSandbox } from '../../src/local/sandbox.js';
import { repository } from '../author/repository.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

test('a new operation, as it is written, sends a row in the sandbox', { timeout: 120_000 }, async () => {
  const { root, rtn } = repository({ isEmpty: true, components: COMPONENTS });
  for (const words of [['init'], ['new', 'operation', 'order_ready', '--title', 'An order is ready']])
    expect(await rtn(...words)).toMatchObject({ code: 0 });
  expect(await rtn('generate', 'order_ready', '--draft', '--out', 'runners')).toMatchObject({ code: 0 });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(root, 'node_modules', 'realtime-notifications'));
  writeFileSync(
    join(root, 'rows.ndjson'),
    `${JSON.stringify({ message_id: 'm1', recipient_id: 'r1', text: 'Come and get it' })}\n`,
  );

  const sandbox = await startSandbox(temporaryFolder());
  onTestFinished(() => sandbox.close());
  const runner = 'runners/order_ready-0.1.0.one-shot.mjs';
  await promisify(execFile)(process.execPath, [runner, '--recipients', 'file:rows.ndjson'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...sandbox.environment },
  });
  expect([...sandbox.provider.receipts.values()].map(({ to }) => to)).toEqual(['r1']);
  const client = new pg.Client({ connectionString: sandbox.postgres.url });
  await client.connect();
  const { rows } = await client.query('select outcome from order_ready_log');
  await client.end();
  expect(rows).toEqual([{ outcome: 'sent' }]);
});
