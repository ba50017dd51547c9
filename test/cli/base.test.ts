import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { LAYER, ONE_SHOT, OPERATION } from '../registry/house.js';
import { temporaryFolder } from '../setup/yt.js';

const NEXT = 'operations/driver_push/1.4.11.yaml';

/** A registry with everything published on main, and a branch `work` on which it is to be changed. */
async function published() {
  const repo = repository();
  await repo.publish();
  repo.git('checkout', '-q', '-b', 'work');
  return {
    ...repo,
    /** Rules and files of what `rtn check --base main` finds, and its exit code. */
    async check(...words: string[]) {
      const { code, out, err } = await repo.rtn('check', '--base', 'main', ...words);
      const rules = [...out.matchAll(/^(\S+?):\d+:\d+ (?:error|warning) (\S+)$/gm)].map(
        ([, file, rule]) => `${rule} ${file}`,
      );
      return { code, out, err, rules };
    },
    /** An edit of the published operation with its record rewritten to match, as somebody might who wants it green. */
    async rewriteRecord(from: string, to: string) {
      repo.edit(OPERATION, from, to);
      repo.write(
        OPERATION,
        repo
          .read(OPERATION)
          .replace('status: active', 'status: draft')
          .replace(/\npublished:[\s\S]*$/, ''),
      );
      await repo.rtn('publish', 'driver_push');
    },
  };
}

describe('what is seen', () => {
  test.each(['committed', 'staged', 'unstaged', 'untracked'])('is what is %s', async (how) => {
    const { check, edit, git, read, write } = await published();
    if (how === 'untracked') write(NEXT, read(OPERATION).replace('version: 1.4.10', 'version: 1.4.12'));
    else edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    if (how === 'staged' || how === 'committed') git('add', '-A');
    if (how === 'committed') git('commit', '-qm', 'an edit');
    const { code, rules } = await check();
    expect(code).toBe(1);
    expect(rules[0]).toMatch(how === 'untracked' ? /^version\// : /^version\/immutable/);
  });

  test('--staged is what the index holds, whatever stands on disk', async () => {
    const { rtn, edit, git, read, write } = await published();
    const original = read(OPERATION);
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    expect(await rtn('check', '--staged')).toMatchObject({ code: 0 });
    git('add', '-A');
    write(OPERATION, original);
    write(NEXT, 'no: [yaml');
    const { code, out } = await rtn('check', '--staged');
    expect(code).toBe(1);
    expect(out).toContain('version/immutable');
    expect(out).toContain('max_attempts: 5 -> 6');
    expect(out).toContain('1 error in 1 file');
  });

  test('is only what changed: old findings elsewhere do not fail a change', async () => {
    const { check, commit, edit, git, write } = await published();
    git('checkout', '-q', 'main');
    write('operations/broken/1.0.0.yaml', 'title: x\n');
    commit('something broken');
    git('checkout', '-q', 'work');
    git('merge', '-q', 'main');
    edit(OPERATION, 'title: Push', 'title: Pushes');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('is also what depends on what changed', async () => {
    const { check, root } = await published();
    rmSync(join(root, LAYER));
    const { rules } = await check();
    expect(rules).toEqual([`version/removed ${LAYER}`, `layer/missing ${OPERATION}`]);
  });
});

describe('one base serves for what changed and for the old versions', () => {
  test('where the target went on, its own changes are not held against the branch', async () => {
    const { check, commit, edit, git, rtn } = await published();
    git('checkout', '-q', 'main');
    await rtn('bump', 'driver_push', '--level', 'minor');
    commit('1.5.0 on main');
    git('checkout', '-q', 'work');
    edit(OPERATION, 'title: Push', 'title: Pushes');
    commit('a title');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('where the target was merged in, nothing of it is judged again', async () => {
    const { check, commit, git, rtn } = await published();
    await rtn('bump', 'one-shot');
    commit('a draft');
    git('checkout', '-q', 'main');
    await rtn('bump', 'driver_push');
    commit('1.4.11 on main');
    git('checkout', '-q', 'work');
    git('merge', '-q', '-m', 'merge', 'main');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('where an edit was reverted, there is none', async () => {
    const { check, commit, edit, git } = await published();
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    commit('an edit');
    expect((await check()).code).toBe(1);
    git('revert', '--no-edit', 'HEAD');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('on a push to the target, the commit before it', async () => {
    const { commit, edit, git, rtn } = await published();
    git('checkout', '-q', 'main');
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    commit('an edit, pushed');
    expect(await rtn('check', '--base', 'main')).toMatchObject({ code: 1 });
  });

  test('on the first commit of all, nothing', async () => {
    const { commit, rtn } = repository();
    commit('everything');
    const { code, out } = await rtn('check', '--base', 'main');
    expect(code).toBe(0);
    expect(out).toContain('4 of 4 artefacts');
  });

  test('with HEAD detached, in a linked work tree and in a folder below the top', async () => {
    const { check, edit, git, rtn } = await published();
    git('checkout', '-q', '--detach');
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    expect((await check()).rules).toEqual([`version/immutable ${OPERATION}`]);
    const linked = join(temporaryFolder(), 'linked');
    git('worktree', 'add', '-q', linked, 'main');
    expect(await rtn('check', '--root', linked, '--base', 'work')).toMatchObject({ code: 0 });
  });
});

describe('a published version', () => {
  test('whose record was rewritten with its text is found by the base, and the fix moves the edit', async () => {
    const { check, read, rewriteRecord, rtn } = await published();
    const before = read(OPERATION);
    await rewriteRecord('max_attempts: 5', 'max_attempts: 6');
    expect(await rtn('check')).toMatchObject({ code: 0 });
    const { rules, out } = await check();
    expect(rules).toEqual([`version/digest ${OPERATION}`]);
    expect(out).toContain('max_attempts: 5 -> 6');
    const fix = /fix: rtn (.+)/.exec(out)?.[1] ?? '';
    expect(await rtn(...fix.split(' '))).toMatchObject({ code: 0 });
    expect(read(OPERATION)).toBe(before);
    expect(read(NEXT)).toContain('max_attempts: 6');
    expect(await check()).toMatchObject({ code: 0 });
  });

  test.each([
    ['was deleted', (root: string) => rmSync(join(root, OPERATION))],
    [
      'was renamed to another name',
      (root: string) =>
        renameSync(join(root, 'operations/driver_push'), join(root, 'operations/drivers_push')),
    ],
    [
      'became a link',
      (root: string) => {
        rmSync(join(root, OPERATION));
        symlinkSync('/etc/hostname', join(root, OPERATION));
      },
    ],
  ])('that %s is found, and the fix restores it', async (_, change) => {
    const { check, git, read, root } = await published();
    const before = read(OPERATION);
    change(root);
    const { out, code, rules } = await check();
    expect(code).toBe(1);
    if (!rules.some((rule) => rule.startsWith('version/removed'))) return;
    const fix = /fix: git (restore .+)/.exec(out)?.[1] ?? '';
    git(...fix.split(' '));
    expect(read(OPERATION)).toBe(before);
  });

  test('that became a draft again went backwards', async () => {
    const { check, edit, git } = await published();
    edit(OPERATION, 'status: active', 'status: draft');
    const { rules, out } = await check();
    expect(rules).toContain(`version/backwards ${OPERATION}`);
    git(...(/fix: git (restore .+)/.exec(out)?.[1] ?? '').split(' '));
    expect(await check()).toMatchObject({ code: 0 });
  });

  test.each([
    ['its line ends became CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['comments and blank lines came', (text: string) => `# why\n\n${text}\n# end\n`],
    ['a description changed', (text: string) => text.replace('Sends one push', 'Sends a push')],
  ])('is the same when %s', async (_, change) => {
    const { check, read, write } = await published();
    for (const path of [OPERATION, 'templates/one-shot/1.0.0.mjs.hbs'])
      write(path, path.endsWith('.yaml') ? change(read(path)) : read(path).replaceAll('\n', '\r\n'));
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('whose template was edited is one finding at the template, with the chain', async () => {
    const { check, edit } = await published();
    edit('templates/one-shot/1.0.0.mjs.hbs', '\n', '\n// x\n');
    const { rules, out } = await check();
    expect(rules).toEqual([`version/immutable ${ONE_SHOT}`]);
    expect(out).toContain('templates/one-shot/1.0.0.mjs.hbs was edited');
    expect(out).toContain('template one-shot 1.0.0 -> driver_push 1.4.10');
    expect(out).toContain('2 of 4 artefacts, against main');
  });
});

describe('a new version', () => {
  test.each([
    ['1.4.9', 'version/greater', '1.4.11'],
    ['1.4.10-rc.1', 'version/greater', '1.4.11'],
    ['1.3.0', 'version/greater', '1.4.11'],
    ['1.4.11', undefined, ''],
    ['1.5.0', undefined, ''],
    ['2.0.0-beta.1', undefined, ''],
  ])('%s after 1.4.10: %s', async (version, rule, next) => {
    const { check, read, rtn, write } = await published();
    const path = `operations/driver_push/${version}.yaml`;
    const draft = read(OPERATION)
      .replace(/\npublished:[\s\S]*$/, '')
      .replace('status: active', 'status: draft');
    write(path, draft.replace('version: 1.4.10', `version: ${version}`));
    const { rules, out } = await check();
    expect(rules).toEqual(rule === undefined ? [] : [`${rule} ${path}`]);
    if (rule === undefined) return;
    expect(out).toContain(`fix: rtn renumber driver_push@${version} ${next}`);
    await rtn('renumber', `driver_push@${version}`, next);
    expect(await check()).toMatchObject({ code: 0 });
  });

  test('that both branches took is told as taken, and the printed number is free', async () => {
    const { check, commit, edit, git, rtn } = await published();
    await rtn('bump', 'driver_push');
    edit(NEXT, 'max_attempts: 5', 'max_attempts: 6');
    await rtn('publish', 'driver_push');
    commit('ours');
    git('checkout', '-q', 'main');
    await rtn('bump', 'driver_push');
    edit(NEXT, 'max_attempts: 5', 'max_attempts: 7');
    commit('theirs');
    git('checkout', '-q', 'work');
    const { rules, out } = await check();
    expect(rules).toEqual([`version/taken ${NEXT}`]);
    expect(out).toContain('main got this version of driver_push meanwhile');
    expect(out).toContain('fix: rtn renumber driver_push@1.4.11 1.4.12');
    await rtn('renumber', 'driver_push@1.4.11', '1.4.12');
    expect(await check()).toMatchObject({ code: 0 });
  });

  test('that was picked from the target as it is there is not taken', async () => {
    const { check, commit, git, rtn } = await published();
    git('checkout', '-q', 'main');
    await rtn('bump', 'driver_push');
    commit('theirs');
    git('checkout', '-q', 'work');
    git('cherry-pick', 'main');
    git('commit', '-q', '--amend', '-m', 'picked');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('is never judged against a version in a folder with a Unicode name', async () => {
    const { check, write } = await published();
    write('operations/приложение/1.0.0.yaml', 'title: x\n');
    const { rules } = await check();
    expect(rules.every((rule) => rule.includes('приложение'))).toBe(true);
    expect(rules.length).toBeGreaterThan(0);
  });
});

describe('what cannot be known is exit code 3, never 0', () => {
  test.each([
    ['an unknown ref', ['--base', 'origin/main'], "the base 'origin/main' is unknown"],
    ['a ref that looks like an option', ['--base=--all'], "the base '--all' is unknown"],
  ])('%s', async (_, words, message) => {
    const { rtn } = await published();
    const { code, err } = await rtn('check', ...words);
    expect(code).toBe(3);
    expect(err).toContain(message);
  });

  test('no repository, and none with a commit', async () => {
    const repo = repository();
    expect(await repo.rtn('check', '--base', 'main')).toMatchObject({ code: 3 });
    execFileSync('git', ['init', '-q'], { cwd: repo.root });
    expect(await repo.rtn('check', '--base', 'HEAD')).toMatchObject({ code: 3 });
  });

  test('two histories that have nothing in common', async () => {
    const { check, git, commit, write } = await published();
    git('checkout', '-q', '--orphan', 'other');
    write('README', 'x');
    commit('other');
    const { code, err } = await check();
    expect([code, err]).toEqual([3, expect.stringContaining('have no commit in common')]);
  });

  test('a history cut short, with the line that mends the workflow', async () => {
    const { commit, git, root, rtn, edit } = await published();
    edit(OPERATION, 'title: Push', 'title: Pushes');
    commit('one');
    edit(OPERATION, 'title: Pushes', 'title: Pushing');
    commit('two');
    const shallow = join(temporaryFolder(), 'shallow');
    git('clone', '-q', '--depth', '1', '--branch', 'work', `file://${root}`, shallow);
    for (const ref of ['origin/main', 'origin/work', 'HEAD']) {
      const { code, err } = await rtn('check', '--root', shallow, '--base', ref);
      expect([ref, code]).toEqual([ref, 3]);
      expect(err).toContain('fetch-depth: 0');
    }
    git('-C', shallow, 'fetch', '-q', '--depth', '1', 'origin', 'main:refs/remotes/origin/main');
    const { code, err } = await rtn('check', '--root', shallow, '--base', 'origin/main');
    expect(code).toBe(3);
    expect(err).toContain('fetch-depth: 0');
    git('-C', shallow, 'fetch', '-q', '--unshallow', 'origin');
    expect(await rtn('check', '--root', shallow, '--base', 'origin/main')).toMatchObject({ code: 0 });
  });

  test('a registry in a submodule of what is checked', async () => {
    const { check, git, root } = await published();
    const inner = repository();
    inner.commit('inner');
    git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.root, 'operations/inner');
    const { code, err } = await check();
    expect(code).toBe(3);
    expect(err).toContain('operations/inner is a submodule');
    expect(
      await inner.rtn('check', '--root', join(root, 'operations/inner'), '--base', 'HEAD'),
    ).toMatchObject({ code: 0 });
  });
});
