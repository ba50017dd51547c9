import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RegistryRunners } from '../../src/cli/schedule-runners.js';
import { VirtualClock } from '../../src/clock.js';
import { COMPONENTS } from '../../src/components.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { newSlot, startedSlot } from '../../src/schedule/slots.js';
import { schedule } from '../schedule/world.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

test('starts of one moment share a registry; a later one sees what was changed', async () => {
  const root = temporaryFolder();
  for (const part of ['operations/driver_push', 'layers', 'templates'])
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  const clock = new VirtualClock();
  let reads = 0;
  const server = thisHolder();
  const runners = new RegistryRunners({
    root,
    session: {
      cwd: root,
      env: { PATH: process.env.PATH },
      hasColor: false,
      components: async () => {
        reads++;
        return COMPONENTS;
      },
      out: () => {},
      err: () => {},
      exitCode: 0,
    },
    clock,
    server,
    output: () => ({ kind: 'lines', line: () => {} }),
  });
  const start = async (name: string) => {
    const served = schedule({ name, version: '^1', runner: 'one-shot' });
    const runner = await runners.start(served, startedSlot(newSlot(served, 0), server, 0));
    runner.kill();
    await runner.ended;
    runner.release();
    return runner.version;
  };
  expect(new Set(await Promise.all(['a', 'b', 'c', 'd'].map(start)))).toEqual(new Set(['1.4.10']));
  expect(reads).toBe(1);
  const folder = join(root, 'operations', 'driver_push');
  const text = readFileSync(join(folder, '1.4.10.yaml'), 'utf8');
  writeFileSync(join(folder, '1.5.0.yaml'), text.replace('version: 1.4.10', 'version: 1.5.0'));
  await clock.advance(1_000);
  expect(await start('e')).toBe('1.5.0');
});
