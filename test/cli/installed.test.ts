import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot, resolvedFrom } from '../../src/cli/installed.js';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-installed-')));
});
afterEach(() => rmSync(root, { recursive: true }));

function manifest(folder: string, content: object): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, 'package.json'), JSON.stringify(content));
}

const OURS = { name: 'realtime-notifications', exports: './dist/index.js' };

describe('the package is found', () => {
  test('nowhere in an empty folder', () => {
    expect(resolvedFrom(root)).toBeUndefined();
  });

  test('in node_modules of the folder or of one above, also where the folder is yet to be made', () => {
    manifest('node_modules/realtime-notifications', OURS);
    const installed = join(root, 'node_modules', 'realtime-notifications');
    expect(resolvedFrom(root)).toBe(installed);
    expect(resolvedFrom(join(root, 'a', 'b'))).toBe(installed);
  });

  test('by its own name within it, but not from a package within it', () => {
    manifest('.', OURS);
    manifest('inner', { name: 'inner' });
    expect(resolvedFrom(join(root, 'runners'))).toBe(root);
    expect(resolvedFrom(join(root, 'inner', 'runners'))).toBeUndefined();
  });

  test('not by its own name where it exports nothing', () => {
    manifest('.', { name: 'realtime-notifications' });
    expect(resolvedFrom(root)).toBeUndefined();
  });

  test('from where a link leads, as Node does', () => {
    manifest('project/node_modules/realtime-notifications', OURS);
    mkdirSync(join(root, 'project', 'runners'));
    symlinkSync(join(root, 'project', 'runners'), join(root, 'link'));
    expect(resolvedFrom(join(root, 'link'))).toBe(
      join(root, 'project', 'node_modules', 'realtime-notifications'),
    );
  });

  test('for rtn itself at the root of this repository', () => {
    expect(packageRoot()).toBe(join(import.meta.dirname, '..', '..'));
  });
});
