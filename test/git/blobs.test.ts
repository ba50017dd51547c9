import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BlobReader } from '../../src/git/blobs.js';
import { repository } from './repository.js';

function reader(root: string): BlobReader {
  const blobs = new BlobReader(root);
  onTestFinished(() => blobs.close());
  return blobs;
}

test('many questions at once are answered each with its own bytes', async () => {
  const { root, commit } = repository();
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `f/${index} ü.txt`,
      index % 7 === 0 ? '' : `${index}\n`.repeat(index * 10),
    ]),
  );
  const head = commit(files);
  const blobs = reader(root);
  const paths = [...Object.keys(files), 'f/nothing', ...Object.keys(files).reverse()];
  const contents = await Promise.all(paths.map((path) => blobs.read(head, path)));
  for (const [index, path] of paths.entries()) {
    expect(contents[index] && Buffer.from(contents[index]).toString()).toBe(files[path]);
  }
});

test('bytes come back as they are, line breaks and zeros included', async () => {
  const { root, commit } = repository();
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256);
  const head = commit({ 'a.bin': bytes });
  expect(await reader(root).read(head, 'a.bin')).toEqual(bytes);
});

test.each([
  ['a folder', 'f'],
  ['a file that is not there', 'g'],
  ['a name that ends like an answer', 'x blob 5'],
  ['a name with a line break', 'f/a\nHEAD:f/a'],
])('%s is undefined, and the next question is answered', async (_, path) => {
  const { root, commit } = repository();
  const head = commit({ 'f/a': 'A' });
  const blobs = reader(root);
  const [nothing, content] = await Promise.all([blobs.read(head, path), blobs.read(head, 'f/a')]);
  expect(nothing).toBeUndefined();
  expect(Buffer.from(content ?? '').toString()).toBe('A');
});

test.each([
  ['a folder that is no repository', () => join(repository().root, '..')],
  ['a folder that is not there', () => join(repository().root, 'nothing')],
])('%s rejects as undetermined, and closing still ends', async (_, folder) => {
  const blobs = reader(folder());
  await expect(blobs.read('HEAD', 'a')).rejects.toMatchObject({ code: 'undetermined' });
  await expect(blobs.read('HEAD', 'a')).rejects.toMatchObject({ code: 'undetermined' });
});
