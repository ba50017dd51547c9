import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAYER, OPERATION } from '../registry/house.js';
import { repository } from './repository.js';

const NEXT = 'operations/driver_push/1.4.11.yaml';
const TEXT = 'templates/one-shot/1.0.0.mjs.hbs';

describe('an edit of a published file', () => {
  test('is moved, and only version, status and published differ from what was typed', async () => {
    const { publish, edit, read, rtn } = repository();
    await publish();
    const original = read(OPERATION);
    edit(OPERATION, 'default: 64', 'default: 128 # as agreed in May');
    const typed = read(OPERATION);
    expect(await rtn('bump', 'driver_push')).toMatchObject({ code: 0, err: '' });
    expect(read(OPERATION)).toBe(original);
    const expected = typed
      .slice(0, typed.indexOf('\npublished:'))
      .replace('version: 1.4.10', 'version: 1.4.11')
      .replace('status: active', 'status: draft');
    expect(read(NEXT)).toBe(expected);
  });

  test('is moved when it was committed, too', async () => {
    const { publish, edit, read, rtn, commit } = repository();
    await publish();
    const original = read(OPERATION);
    edit(OPERATION, 'drain_timeout: 30s', 'drain_timeout: 60s');
    commit('an edit in place');
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 7');
    commit('another');
    expect(await rtn('bump', 'driver_push')).toMatchObject({ code: 0 });
    expect(read(OPERATION)).toBe(original);
    expect(read(NEXT)).toMatch(/drain_timeout: 60s[\s\S]*max_attempts: 7/);
  });

  test('is moved above a draft that stands there already', async () => {
    const { publish, edit, read, rtn } = repository();
    await publish();
    await rtn('bump', 'driver_push');
    edit(OPERATION, 'default: 64', 'default: 128');
    const { out } = await rtn('check');
    expect(out).toContain('fix: rtn bump driver_push@1.4.10');
    expect(await rtn('bump', 'driver_push@1.4.10')).toMatchObject({ code: 0, err: '' });
    expect(read(NEXT)).toContain('default: 64');
    expect(read('operations/driver_push/1.4.12.yaml')).toContain('default: 128');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('whose original git does not know is refused, and nothing changes', async () => {
    const { edit, rtn, commit, git } = repository();
    await rtn('publish', 'driver_push', '--with-deps');
    edit(OPERATION, 'default: 64', 'default: 128');
    commit('published and edited in one commit');
    const result = await rtn('bump', 'driver_push');
    expect(result.code).toBe(1);
    expect(result.err).toMatch(/none of the 1 commits that touched it[\s\S]*\nnext: fetch the whole history/);
    expect(git('status', '--porcelain')).toBe('');
  });

  test('cannot be moved without git: exit code 3', async () => {
    const { edit, rtn, read } = repository();
    await rtn('publish', 'driver_push', '--with-deps');
    edit(OPERATION, 'default: 64', 'default: 128');
    expect(await rtn('bump', 'driver_push')).toMatchObject({ code: 3, err: expect.stringContaining('git') });
    expect(() => read(NEXT)).toThrow('ENOENT');
  });

  test("of a template's text is moved with the document, and its users are named", async () => {
    const { publish, write, read, rtn } = repository();
    await publish();
    write(TEXT, '// changed\n');
    const { out } = await rtn('check');
    expect(out).toContain('one-shot@1.0.0 was published and its content changed');
    expect(out).toContain('template one-shot 1.0.0 -> driver_push 1.4.10');
    expect(out).toContain('fix: rtn bump one-shot\n');
    expect(out).toContain('1 error in 1 file');
    expect(await rtn('bump', 'one-shot')).toMatchObject({ code: 0 });
    expect(read(TEXT)).toBe('// one-shot\n');
    expect(read('templates/one-shot/1.0.1.mjs.hbs')).toBe('// changed\n');
    expect(read('templates/one-shot/1.0.1.yaml')).toContain('text: 1.0.1.mjs.hbs');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('that is none, for only its life went on since the base, is cloned and not restored', async () => {
    const { publish, read, rtn } = repository();
    await publish();
    await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'old');
    expect(await rtn('bump', 'driver_push', '--base', 'main')).toMatchObject({ code: 0, err: '' });
    expect(read(OPERATION)).toContain('status: deprecated\nreason: old\n');
    expect(await rtn('bump', 'driver_push', '--base', 'nowhere')).toMatchObject({ code: 3 });
  });

  test('is moved in a registry that is a folder of a larger repository', async () => {
    const { publish, root, edit, read, rtn, commit } = repository();
    await publish();
    mkdirSync(join(root, 'crm'));
    for (const folder of ['operations', 'layers', 'templates'])
      renameSync(join(root, folder), join(root, 'crm', folder));
    commit('moved below');
    const original = read(`crm/${OPERATION}`);
    edit(`crm/${OPERATION}`, 'default: 64', 'default: 128');
    expect(await rtn('bump', 'driver_push', '--root', 'crm')).toMatchObject({ code: 0, err: '' });
    expect(read(`crm/${OPERATION}`)).toBe(original);
  });
});

describe('a clone', () => {
  test('moves to another layer and template; other templates stay', async () => {
    const { publish, rtn, read } = repository();
    await publish();
    await rtn('bump', 'taxi-crm-push', 'one-shot');
    await rtn('publish', 'taxi-crm-push', 'one-shot');
    const words = ['--level', 'minor', '--layer', 'taxi-crm-push@1.4.11', '--template', 'one-shot@1.0.1'];
    expect(await rtn('bump', 'driver_push', ...words)).toMatchObject({ code: 0, err: '' });
    const draft = read('operations/driver_push/1.5.0.yaml');
    for (const part of [
      'layer: taxi-crm-push@1.4.11',
      'template: one-shot@1.0.1',
      'template: service@1.0.0',
    ]) {
      expect(draft).toContain(part);
    }
    expect(draft).not.toContain('published');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test.each([
    ['patch', '1.4.11'],
    ['minor', '1.5.0'],
    ['major', '2.0.0'],
  ])('by %s is %s', async (level, version) => {
    const { publish, rtn, read } = repository();
    await publish();
    await rtn('bump', 'driver_push', '--level', level);
    expect(read(`operations/driver_push/${version}.yaml`)).toContain(`version: ${version}\nstatus: draft`);
  });

  test.each([
    ['patch', '0.3.2'],
    ['minor', '0.3.2'],
    ['major', '0.4.0'],
  ])('before 1.0.0 by %s is %s', async (level, version) => {
    const { rtn, read } = repository();
    await rtn('renumber', 'driver_push@1.4.10', '0.3.1');
    await rtn('publish', 'driver_push', '--with-deps');
    expect(await rtn('bump', 'driver_push', '--level', level)).toMatchObject({ code: 0, err: '' });
    expect(read(`operations/driver_push/${version}.yaml`)).toContain(`version: ${version}\nstatus: draft`);
  });

  test('takes a number that the target of --base has not got meanwhile', async () => {
    const { publish, rtn, git, commit } = repository();
    await publish();
    git('checkout', '-q', '-b', 'work');
    git('checkout', '-q', 'main');
    await rtn('bump', 'driver_push');
    await rtn('bump', 'taxi-crm-push', '--level', 'minor');
    commit('others were faster');
    git('checkout', '-q', 'work');
    const { out } = await rtn('bump', 'driver_push', 'taxi-crm-push', '--base', 'main', '--dry-run');
    expect(out).toContain('would: new draft driver_push@1.4.12: ');
    expect(out).toContain('would: new draft taxi-crm-push@1.4.11: ');
    expect(await rtn('bump', 'taxi-crm-push', '--level', 'minor', '--base', 'main')).toMatchObject({
      out: expect.stringContaining('new draft taxi-crm-push@1.6.0: '),
    });
    await rtn('bump', 'driver_push', '--base', 'main');
    expect(await rtn('check', '--base', 'main')).toMatchObject({ code: 0 });
  });

  test('of a deprecated version forgets what replaced it', async () => {
    const { publish, edit, rtn, read } = repository();
    await publish();
    edit(
      LAYER,
      'status: active',
      'status: deprecated # since May\nreason: old packages\nreplaced_by: other@1.0.0',
    );
    expect(await rtn('bump', 'taxi-crm-push')).toMatchObject({ code: 0 });
    expect(read('layers/taxi-crm-push/1.4.11.yaml')).toMatch(/status: draft # since May\ntitle:/);
  });

  test('is only told of by a dry run', async () => {
    const { publish, rtn, git } = repository();
    await publish();
    const { out } = await rtn('bump', 'driver_push', '--dry-run');
    expect(out).toContain('would: new draft driver_push@1.4.11');
    expect(git('status', '--porcelain')).toBe('');
  });
});

describe('a draft', () => {
  test('is moved to another layer and template in place', async () => {
    const { publish, rtn, read } = repository();
    await publish();
    await rtn('bump', 'taxi-crm-push', 'one-shot', 'driver_push');
    const before = read(NEXT);
    const words = ['--layer', 'taxi-crm-push@1.4.11', '--template', 'one-shot@1.0.1'];
    expect(await rtn('bump', 'driver_push', ...words)).toEqual({
      code: 0,
      err: '',
      out: `moved draft driver_push@1.4.11 to taxi-crm-push@1.4.11 and one-shot@1.0.1: ${NEXT}\nnext: rtn publish driver_push@1.4.11 --with-deps\n`,
    });
    expect(read(NEXT)).toBe(
      before
        .replace('layer: taxi-crm-push@1.4.10', 'layer: taxi-crm-push@1.4.11')
        .replace('template: one-shot@1.0.0', 'template: one-shot@1.0.1'),
    );
    expect((await rtn('bump', 'driver_push', ...words)).out).toContain('nothing to do');
    expect(await rtn('publish', 'driver_push', '--with-deps')).toMatchObject({ code: 0 });
  });
});

describe('bump --all', () => {
  test('moves each newest version that names another one, by a new draft or in place', async () => {
    const { publish, rtn, read, write } = repository();
    const copy = (name: string) =>
      write(
        `operations/${name}/1.4.10.yaml`,
        read(OPERATION)
          .replace('name: driver_push', `name: ${name}`)
          .replace('one-shot@1.0.0', 'service@1.0.0'),
      );
    await publish();
    await rtn('bump', 'one-shot');
    await rtn('bump', 'driver_push', '--level', 'minor');
    const { code, out } = await rtn('bump', '--all', '--template', 'one-shot@1.0.1');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `new draft driver_push@1.4.11: ${NEXT} (from driver_push@1.4.10)`,
      'moved draft driver_push@1.5.0 to one-shot@1.0.1: operations/driver_push/1.5.0.yaml',
      `next: rtn publish ${NEXT} operations/driver_push/1.5.0.yaml --with-deps`,
      '',
    ]);
    copy('unrelated');
    const again = await rtn('bump', '--all', '--template', 'one-shot@1.0.1');
    expect(again).toMatchObject({
      code: 0,
      out: 'nothing to do: no operation names another version of one-shot@1.0.1\n',
    });
    expect(await rtn('publish', NEXT, '--with-deps')).toMatchObject({ code: 0, err: '' });
  });

  test.each([
    [['--all'], '--all moves every operation to a layer or to templates'],
    [['--all', '--template', 'one-shot@1.0.0', '--level', 'minor'], 'raises PATCH'],
    [['--all', '--layer', 'taxi-crm-push@9.0.0'], 'there is taxi-crm-push@1.4.10'],
    [['driver_push', '--all', '--layer', 'taxi-crm-push@1.4.10'], '--all takes no names'],
  ])('%j is refused as usage', async (words, message) => {
    const { rtn } = repository();
    expect(await rtn('bump', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

test.each([
  [['driver_push'], 'is a draft already: edit operations/driver_push/1.4.10.yaml'],
  [['driver_posh'], "did you mean 'driver_push'?"],
  [['driver_push@1.4.9'], 'driver_push has no version 1.4.9; there is 1.4.10'],
  [['operations/driver_push/1.4.9.yaml'], "did you mean 'operations/driver_push/1.4.10.yaml'?"],
  [['driver_push', '--level', 'huge'], 'Allowed choices are patch, minor, major'],
  [[], "missing required argument 'name'"],
])('rtn bump %j is refused as usage', async (words, message) => {
  const { rtn } = repository();
  expect(await rtn('bump', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});

test.each([
  [['--layer', 'taxi-crm-push@9.0.0'], 'there is no layer taxi-crm-push@9.0.0'],
  [['--template', 'task@1.0.0'], 'there is no template task@1.0.0'],
])('a move to what is not there is refused: %j', async (words, message) => {
  const { rtn, publish, git } = repository();
  await publish();
  expect(await rtn('bump', 'driver_push', ...words)).toMatchObject({
    code: 2,
    err: expect.stringContaining(message),
  });
  expect(git('status', '--porcelain')).toBe('');
});

test('a name that an operation and a layer share has to be said with its kind', async () => {
  const { rtn, publish, write, read } = repository();
  write(
    'layers/driver_push/1.0.0.yaml',
    read(LAYER).replace('name: taxi-crm-push', 'name: driver_push').replace('1.4.10', '1.0.0'),
  );
  await publish().catch(() => {});
  expect(await rtn('bump', 'driver_push')).toMatchObject({
    code: 2,
    err: expect.stringContaining('next: say which: --kind'),
  });
  await rtn('publish', 'driver_push', '--kind', 'layer');
  expect(await rtn('bump', 'driver_push', '--kind', 'layer')).toMatchObject({ code: 0 });
  expect(read('layers/driver_push/1.0.1.yaml')).toContain('status: draft');
});
