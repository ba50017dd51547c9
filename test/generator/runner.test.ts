import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateRunner } from '../../src/generator/runner.js';
import { driverPush } from './driver-push.js';

const ROOT = join(import.meta.dirname, '..', '..');
const RUNNERS = ['one-shot', 'service'];

describe('a generated runner', () => {
  test.each(RUNNERS)('of driver_push, %s, is the golden file byte for byte', async (runner) => {
    await expect(generateRunner(driverPush(runner))).toMatchFileSnapshot(
      `golden/driver_push-1.4.10.${runner}.mjs`,
    );
  });

  test.each(RUNNERS)('%s is formatted as biome would', (runner) => {
    const text = generateRunner(driverPush(runner));
    expect(biomeFormat(text)).toBe(text);
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
