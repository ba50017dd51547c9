import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateRunner, type RunnerRequest } from '../../src/generator/runner.js';
import { couponsActivate, driverPush, driverPushOfTwo, pg2yt, templateOfPartials } from './driver-push.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CASES: readonly [name: string, request: RunnerRequest][] = [
  ['driver_push-1.4.10.one-shot', driverPush('one-shot')],
  ['driver_push-1.4.10.service', driverPush('service')],
  ['driver_push-1.4.10.partials', { ...driverPush('one-shot'), template: templateOfPartials() }],
  ['driver_push-1.4.10.select', driverPushOfTwo()],
  ['coupons_activate-1.4.4.one-shot', couponsActivate()],
  ['pg2yt-1.4.1.one-shot', pg2yt()],
];

/** A package whose runner assembles the pipeline and prints what it was given. */
const STAND_IN = `
export const [asyncSender, batchSender, httpChannel, log, pg2yt, table, zmq] = Array(7).fill(() => ({}));
export const select = () => ({});
export function runner({ operation, pipeline, task }) {
  const context = { inputs: {}, outputs: {}, params: {}, secrets: {} };
  const stages = task === undefined ? pipeline(context) : { task: task(context) };
  console.log(operation.name, operation.runner, Object.keys(stages).join(','));
}
`;

describe('a generated runner', () => {
  test.each(CASES)('of %s is the golden file byte for byte', async (name, request) => {
    await expect(generateRunner(request)).toMatchFileSnapshot(`golden/${name}.mjs`);
  });

  test.each(CASES)('%s is formatted as biome would', (_, request) => {
    const text = generateRunner(request);
    expect(biomeFormat(text)).toBe(text);
  });

  test.each(CASES)('%s starts as a module that imports the package by name', (name, request) => {
    const folder = mkdtempSync(join(tmpdir(), 'rtn-golden-'));
    try {
      const installed = join(folder, 'node_modules', 'realtime-notifications');
      mkdirSync(installed, { recursive: true });
      writeFileSync(join(installed, 'package.json'), '{"type": "module", "exports": "./index.js"}');
      writeFileSync(join(installed, 'index.js'), STAND_IN);
      cpSync(join(import.meta.dirname, 'golden', `${name}.mjs`), join(folder, 'runner.mjs'));
      const printed = execFileSync(process.execPath, [join(folder, 'runner.mjs')], { encoding: 'utf8' });
      const { runnerName, template } = request;
      expect(printed).toBe(`${name.split('-')[0]} ${runnerName} ${template.stages.join(',')}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function biomeFormat(text: string): string {
  const biome = join(ROOT, 'node_modules', '.bin', 'biome');
  return execFileSync(biome, ['format', '--stdin-file-path=runner.mjs'], {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  });
}
