import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

test.each([
  [['check'], 0],
  [['chekc'], 2],
  [['schema', 'x'], 2],
])('the process of rtn %j ends with %i', (words, status) => {
  expect(spawnSync(process.execPath, [MAIN, ...words], { cwd: ROOT }).status).toBe(status);
});

test('a reader that goes away early ends rtn quietly', async () => {
  const child = spawn(process.execPath, [MAIN, 'schema', 'operation'], { cwd: ROOT });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout.destroy();
  const [status, signal] = await once(child, 'close');
  expect([status, signal, complaint]).toEqual([0, null, '']);
});

test('all of a long output arrives in a pipe', () => {
  const { stdout } = spawnSync(process.execPath, [MAIN, 'schema', 'operation'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toHaveProperty('properties.runners');
});

test('--version loads no verb and none of its libraries', () => {
  const words = [MAIN, '--version'];
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NODE_DEBUG: 'esm' },
  });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(stderr).toContain('command.js');
  expect(stderr).not.toMatch(/node_modules\/(ajv|yaml|undici|pg|zeromq)\//);
});
