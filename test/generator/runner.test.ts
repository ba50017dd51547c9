import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateRunner, type RunnerRequest } from '../../src/generator/runner.js';
import { driverPush, templateOfPartials } from './driver-push.js';

const ROOT = join(import.meta.dirname, '..', '..');
const CASES: readonly [name: string, request: RunnerRequest][] = [
  ['one-shot', driverPush('one-shot')],
  ['service', driverPush('service')],
  ['partials', { ...driverPush('one-shot'), template: templateOfPartials() }],
];

/** A package whose runner assembles the pipeline and prints what it was given. */
const STAND_IN = `
export const [asyncSender, httpChannel, log, table, zmq] = Array(5).fill(() => ({}));
export function runner({ operation, pipeline }) {
  const stages = pipeline({ inputs: {}, outputs: {}, params: {}, secrets: {} });
  console.log(operation.name, operation.runner, Object.keys(stages).join(','));
}
`;

describe('a generated runner', () => {
  test.each(CASES)('of driver_push, %s, is the golden file byte for byte', async (name, request) => {
    await expect(generateRunner(request)).toMatchFileSnapshot(`golden/driver_push-1.4.10.${name}.mjs`);
  });

  test.each(CASES)('%s is formatted as biome would', (_, request) => {
    const text = generateRunner(request);
    expect(biomeFormat(text)).toBe(text);
  });

  test.each(CASES)('%s starts as a module that imports the package by name', (name, { runnerName }) => {
    const folder = mkdtempSync(join(tmpdir(), 'rtn-golden-'));
    try {
      const installed = join(folder, 'node_modules', 'realtime-notifications');
      mkdirSync(installed, { recursive: true });
      writeFileSync(join(installed, 'package.json'), '{"type": "module", "exports": "./index.js"}');
      writeFileSync(join(installed, 'index.js'), STAND_IN);
      cpSync(
        join(import.meta.dirname, 'golden', `driver_push-1.4.10.${name}.mjs`),
        join(folder, 'runner.mjs'),
      );
      const printed = execFileSync(process.execPath, [join(folder, 'runner.mjs')], { encoding: 'utf8' });
      expect(printed).toBe(`driver_push ${runnerName} reader,sender,logger\n`);
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
