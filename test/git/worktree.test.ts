import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRoot, workTree, writeChanges } from '../../src/git/worktree.js';
import { temporaryFolder } from '../setup/yt.js';

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('the work tree', () => {
  test('lists what is below a folder, in order, and never walks what is installed', () => {
    const root = folderWith({
      'templates/t/1.yaml': '',
      'operations/b/1.yaml': '',
      'operations/a/1.yaml': 'A',
      'src/x.ts': '',
      README: '',
      'src/node_modules/x/index.js': '',
    });
    const tree = workTree(root);
    expect(tree.list('operations')).toEqual(['operations/a/1.yaml', 'operations/b/1.yaml']);
    expect(tree.list('src')).toEqual(['src/x.ts']);
    expect(tree.list('')).toHaveLength(5);
    expect(Buffer.from(tree.read('operations/a/1.yaml') ?? '').toString()).toBe('A');
  });

  test('has nothing where there is no file', () => {
    const root = folderWith({ 'operations/a/1.yaml': 'A', secret: 'B' });
    symlinkSync('../../secret', join(root, 'operations/a/link'));
    const tree = workTree(root);
    for (const path of ['operations/a', 'operations/none', 'operations/a/1.yaml/x', 'operations/a/link'])
      expect(tree.read(path)).toBeUndefined();
    expect(workTree(temporaryFolder()).list('operations')).toEqual([]);
  });
});

test('a registry folder that is a link is refused: git would not see what changes behind it', () => {
  const root = temporaryFolder();
  symlinkSync(folderWith({ 'a/1.0.0.yaml': '' }), join(root, 'layers'));
  expect(() => workTree(root).list('layers')).toThrow('layers is a symbolic link');
});

describe('writing', () => {
  test('makes folders, replaces, deletes, and leaves nothing else', () => {
    const root = folderWith({ a: 'old', b: 'old' });
    writeChanges(root, [
      { path: 'a', content: 'new' },
      { path: 'b', content: null },
      { path: 'd/e/f', content: Uint8Array.of(1, 2) },
    ]);
    expect(readdirSync(root).sort()).toEqual(['a', 'd']);
    expect(readFileSync(join(root, 'a'), 'utf8')).toBe('new');
    expect([...readFileSync(join(root, 'd/e/f'))]).toEqual([1, 2]);
  });

  test('takes back what was done when one step fails', () => {
    const root = folderWith({ a: 'old', gone: 'still here', 'taken/inner': '' });
    const changes = [
      { path: 'a', content: 'new' },
      { path: 'gone', content: null },
      { path: 'fresh', content: 'x' },
      // A file cannot be moved onto a folder that holds something.
      { path: 'taken', content: 'x' },
    ];
    expect(() => writeChanges(root, changes)).toThrow('nothing was written');
    expect(readdirSync(root).sort()).toEqual(['a', 'gone', 'taken']);
    expect(readFileSync(join(root, 'a'), 'utf8')).toBe('old');
    expect(readFileSync(join(root, 'gone'), 'utf8')).toBe('still here');
  });
});

test('the root is the nearest folder upwards with operations/ or rtn.yaml', () => {
  const root = folderWith({
    'operations/a/1.yaml': '',
    'sub/rtn.yaml': '',
    'sub/deep/x': '',
    'other/deep/x': '',
  });
  expect(findRoot(join(root, 'other', 'deep'))).toBe(root);
  expect(findRoot(join(root, 'sub', 'deep'))).toBe(join(root, 'sub'));
  expect(findRoot(temporaryFolder())).toBeUndefined();
  expect(existsSync(join(root, 'operations'))).toBe(true);
});
