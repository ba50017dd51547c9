import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CronJob } from 'kubernetes-types/batch/v1.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { COMPONENTS } from '../../src/components.js';
import { OPTIONS, podOf } from './kubernetes-run.js';
import { registryWith } from './registry.js';

const WEEKLY = {
  version: '1.4.10',
  runner: 'one-shot',
  cron: '17 9 * * 1-5',
  time_zone: 'Europe/Moscow',
  inputs: { recipients: 'yt://home/crm/drivers' },
  params: { endpoint: 'https://push.example' },
  timeout: '1h',
};
const OF_PLACE = ['--image', String(OPTIONS.image), '--secret', 'driver-push'];

/** A registry with this schedule, and `rtn generate` in it. */
function registryOf(schedule: object) {
  const registry = registryWith({ components: COMPONENTS }, () => ({ weekly: schedule }));
  const generate = (...words: readonly string[]) =>
    registry.rtn('generate', 'weekly', '--target', 'kubernetes', ...words);
  return { ...registry, generate };
}

describe('rtn generate --target kubernetes', () => {
  test('writes the CronJob of a schedule, and the Dockerfile of its image', async () => {
    const base = `node@sha256:${'b'.repeat(64)}`;
    const { generate, read, write } = registryOf(WEEKLY);
    const said = await generate(...OF_PLACE, '--base-image', base, '--out', 'k8s');
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toContain('wrote k8s/driver_push-1.4.10.Dockerfile\nwrote k8s/weekly.cronjob.yaml\n');
    const job = parse(read('k8s/weekly.cronjob.yaml')) as CronJob;
    const { container } = podOf(job);
    expect(container.command).toEqual(['node', '/app/driver_push-1.4.10.one-shot.mjs']);
    expect(container.args).toContain('--state-dir=/state');
    expect(container.env?.map(({ name }) => name).sort()).toEqual([
      'DATABASE_URL',
      'PUSH_TOKEN',
      'RTN_JOB',
      'YT_PROXY',
      'YT_TOKEN',
    ]);
    const check = await generate(...OF_PLACE, '--base-image', base, '--out', 'k8s', '--check');
    expect(check).toMatchObject({ code: 0, out: expect.stringContaining('no findings') });
    write({ weekly: { ...WEEKLY, paused: true } });
    const other = await generate(...OF_PLACE, '--out', 'k8s', '--check');
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('k8s/weekly.cronjob.yaml') });
  });

  test('tells all that cannot be done, and writes nothing', async () => {
    const { generate, root } = registryOf({ ...WEEKLY, overlap: 'queue', catch_up: 'all' });
    const { code, err } = await generate(...OF_PLACE, '--out', 'k8s');
    expect(code).toBe(1);
    expect(err).toContain('  weekly: overlap: a CronJob has no line in which a slot could wait');
    expect(err).toContain('  weekly: catch_up: of slots that were missed a CronJob starts the latest alone');
    expect(existsSync(join(root, 'k8s'))).toBe(false);
  });

  test.each([
    [
      ['--image', 'driver_push:1.4.10'],
      "--image: got 'driver_push:1.4.10', expected REPOSITORY@sha256:DIGEST",
    ],
    [
      OF_PLACE.slice(0, 2),
      'the runner reads YT_PROXY, YT_TOKEN, DATABASE_URL, PUSH_TOKEN, and --secret names no',
    ],
    [[], 'target kubernetes wants --image for a manifest, or --base-image for a Dockerfile first'],
  ])('refuses %j', async (words, problem) => {
    expect(await registryOf(WEEKLY).generate(...words)).toMatchObject({
      code: 2,
      err: expect.stringContaining(problem),
    });
  });
});
