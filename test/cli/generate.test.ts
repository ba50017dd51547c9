import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/generate.js';
import { COMPONENTS } from '../../src/components.js';
import { repository } from '../author/repository.js';

const ROOT = join(import.meta.dirname, '..', '..');
const FILES = ['driver_push-1.4.10.one-shot.mjs', 'driver_push-1.4.10.service.mjs'];

let folder: string;
let said: { out: string; err: string };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-generate-')));
  said = { out: '', err: '' };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs `rtn generate` on our own registry, in a folder outside of it. */
async function generate(words: readonly string[]): Promise<void> {
  const session = {
    cwd: folder,
    env: {},
    hasColor: false,
    exitCode: 0,
    components: async () => COMPONENTS,
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
  };
  const command = new Command('generate');
  register(command, session);
  await command.parseAsync([...words, '--root', ROOT], { from: 'user' });
}

/** Makes the package resolve from the folder, in this version. */
function installPackage(version: string): void {
  const installed = join(folder, 'node_modules', 'realtime-notifications');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: 'realtime-notifications', version }));
}

describe('rtn generate', () => {
  test('writes each runner as an executable file and tells its path', async () => {
    await generate(['driver_push@1.4.10', '--draft']);
    expect(said.out).toBe(FILES.map((name) => `wrote runners/${name}\n`).join(''));
    for (const name of FILES) expect(statSync(join(folder, 'runners', name)).mode & 0o777).toBe(0o755);
  });

  test('makes an older file executable again, too', async () => {
    const path = join(folder, FILES[0] ?? '');
    writeFileSync(path, 'old');
    chmodSync(path, 0o600);
    await generate(['driver_push@1.4.10', '--draft', '--out', '.']);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readFileSync(path, 'utf8')).toMatch(/^#!/);
  });

  test.each<[string, string | undefined, string]>([
    [
      'where it is not installed',
      undefined,
      'warning: x finds no package realtime-notifications, so its runners may not start',
    ],
    [
      'where another version is',
      '9.9.9',
      'warning: x finds realtime-notifications 9.9.9, where layer taxi-crm-push@1.4.10 names 0.1.0',
    ],
    ['nowhere else', '0.1.0', ''],
  ])('warns of imports %s', async (_, version, expected) => {
    if (version !== undefined) installPackage(version);
    await generate(['driver_push@1.4.10', '--draft', '--runner', 'service', '--out', 'x']);
    expect(said.err).toContain(expected);
    const next = 'next: rtn generate driver_push@1.4.10 --draft --out x --bundle\n';
    expect(said.err.includes(next)).toBe(expected !== '');
  });

  test('names a folder that cannot be written to', async () => {
    writeFileSync(join(folder, 'taken'), '');
    await expect(generate(['driver_push@1.4.10', '--draft', '--out', 'taken'])).rejects.toThrow(
      `${folder}/taken cannot be written to`,
    );
  });
});

test('tells that a version is deprecated and what to use instead, and writes its runner all the same', async () => {
  const { publish, rtn, write } = repository({ components: COMPONENTS });
  for (const text of ['templates/one-shot/1.0.0.mjs.hbs', 'templates/service/1.0.0.mjs.hbs'])
    write(text, readFileSync(join(ROOT, text), 'utf8'));
  await publish();
  await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'it knocks', '--remove-after', '2027-01-31');
  const { code, err, out } = await rtn('generate', 'driver_push@1.4.10');
  expect(code).toBe(0);
  expect(out).toContain('wrote runners/driver_push-1.4.10.one-shot.mjs');
  expect(err).toContain(
    'warning: driver_push@1.4.10 is deprecated: it knocks; to be gone after 2027-01-31\n',
  );
});
