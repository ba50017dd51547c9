import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openHistory } from '../../src/git/history.js';
import { temporaryFolder } from '../setup/yt.js';
import { repository } from './repository.js';

async function history(folder: string) {
  const opened = await openHistory(folder);
  onTestFinished(() => opened.close());
  return opened;
}

test('the commits that touched a path come newest first, and read as it was', async () => {
  const { root, commit } = repository();
  const [first, , third] = [commit({ a: '1' }), commit({ b: '1' }), commit({ a: '2' })];
  const past = await history(root);
  expect(await past.commitsTouching(['a'])).toEqual([third, first]);
  expect(await past.commitsTouching(['a', 'b'])).toHaveLength(3);
  expect(Buffer.from((await past.read(first, 'a')) ?? '').toString()).toBe('1');
});

test('paths are those of the folder that was opened, inside a larger repository', async () => {
  const { root, commit } = repository();
  const head = commit({ 'crm/a': 'inner', a: 'outer' });
  const past = await history(join(root, 'crm'));
  expect(await past.commitsTouching(['a'])).toEqual([head]);
  expect(Buffer.from((await past.read(head, 'a')) ?? '').toString()).toBe('inner');
});

test('a name that would be a pattern to git is taken as it stands', async () => {
  const { root, commit } = repository();
  commit({ ab: '1' });
  const second = commit({ 'a*': '2' });
  expect(await (await history(root)).commitsTouching(['a*'])).toEqual([second]);
});

test('a side branch that a merge would hide is seen', async () => {
  const { root, commit, git } = repository();
  commit({ a: '1' });
  git('checkout', '-q', '-b', 'side');
  const side = commit({ a: '2' });
  git('checkout', '-q', 'main');
  commit({ b: '1' });
  git('merge', '-q', '--no-ff', '-s', 'ours', '-m', 'merged', 'side');
  expect(await (await history(root)).commitsTouching(['a'])).toContain(side);
});

test('a repository without commits has no past', async () => {
  const { root } = repository();
  expect(await (await history(root)).commitsTouching(['a'])).toEqual([]);
});

test('no repository is undetermined', async () => {
  await expect(openHistory(temporaryFolder())).rejects.toMatchObject({ code: 'undetermined' });
});
