import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAYER, ONE_SHOT, OPERATION } from '../registry/house.js';
import { repository } from './repository.js';

describe('renumber', () => {
  test('moves a draft and changes its version alone', async () => {
    const { rtn, read, root } = repository();
    const before = read(OPERATION);
    expect(await rtn('renumber', 'driver_push@1.4.10', '1.4.12')).toEqual({
      code: 0,
      err: '',
      out: 'renumbered operation driver_push@1.4.10 to driver_push@1.4.12: operations/driver_push/1.4.12.yaml\nnext: rtn check\n',
    });
    expect(existsSync(join(root, OPERATION))).toBe(false);
    expect(read('operations/driver_push/1.4.12.yaml')).toBe(
      before.replace('version: 1.4.10', 'version: 1.4.12'),
    );
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test.each([
    ['taxi-crm-push@1.4.10', '1.4.12', 'layer: taxi-crm-push@1.4.12'],
    ['one-shot@1.0.0', '1.0.7', 'template: one-shot@1.0.7'],
    ['driver_push@1.4.10', '2.0.0', 'version: 2.0.0'],
  ])('of the published %s makes the digests of all that names it anew', async (name, version, part) => {
    const { rtn, publish, read } = repository();
    await publish();
    const { code, out } = await rtn('renumber', name, version);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^right only while ${name} is not on the target branch`, 'm'));
    const path = name.startsWith('driver') ? 'operations/driver_push/2.0.0.yaml' : OPERATION;
    expect(read(path)).toContain(part);
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('takes the text of a template and the tests of an operation along', async () => {
    const { rtn, write, read, root } = repository();
    write('operations/driver_push/1.4.10.test.yaml', 'cases: []\n');
    await rtn('renumber', 'one-shot@1.0.0', '1.0.1');
    await rtn('renumber', 'driver_push@1.4.10', '1.5.0');
    expect(read('templates/one-shot/1.0.1.yaml')).toContain('text: 1.0.1.mjs.hbs');
    expect(read('templates/one-shot/1.0.1.mjs.hbs')).toBe('// one-shot\n');
    expect(read('operations/driver_push/1.5.0.test.yaml')).toBe('cases: []\n');
    for (const path of [
      ONE_SHOT,
      'templates/one-shot/1.0.0.mjs.hbs',
      'operations/driver_push/1.4.10.test.yaml',
    ])
      expect(existsSync(join(root, path))).toBe(false);
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('leaves a text where another version uses it, too', async () => {
    const { rtn, write, read } = repository();
    write('templates/one-shot/1.0.1.yaml', read(ONE_SHOT).replace('version: 1.0.0', 'version: 1.0.1'));
    await rtn('renumber', 'one-shot@1.0.0', '1.1.0');
    expect(read('templates/one-shot/1.0.0.mjs.hbs')).toBe(read('templates/one-shot/1.1.0.mjs.hbs'));
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('changes what the version replaced', async () => {
    const { rtn, publish, read } = repository();
    await publish();
    await rtn('bump', 'driver_push');
    await rtn('publish', 'driver_push');
    const { out } = await rtn('renumber', 'driver_push@1.4.11', '1.4.12');
    expect(out).toContain(`operation driver_push@1.4.10 names driver_push@1.4.12 now: ${OPERATION}`);
    expect(read(OPERATION)).toContain('replaced_by: driver_push@1.4.12\n');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test.each([
    [['driver_push', '1.5.0'], 'There is 1.4.10 (draft), 1.4.11 (draft)'],
    [['driver_push@1.4.10', '1.5'], "'1.5' is no strict version"],
    [['driver_push@1.4.10', '1.4.10'], 'has this number already'],
    [['driver_push@1.4.10', '1.4.11'], 'driver_push@1.4.11 exists already (draft)'],
    [['driver_push@1.4.10'], "missing required argument 'version'"],
  ])('%j is refused as usage', async (words, message) => {
    const { rtn, write, read } = repository();
    write(
      'operations/driver_push/1.4.11.yaml',
      read(OPERATION).replace('version: 1.4.10', 'version: 1.4.11'),
    );
    expect(await rtn('renumber', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });

  test.each([
    [OPERATION, 'default: 64', 'default: 65'],
    [LAYER, 'node: ">=20', 'node: ">=22'],
  ])('refuses while the published %s is edited: the edit would get a digest', async (path, from, to) => {
    const { rtn, publish, edit } = repository();
    await publish();
    edit(path, from, to);
    expect(await rtn('renumber', 'taxi-crm-push@1.4.10', '1.4.12')).toMatchObject({
      code: 1,
      err: expect.stringContaining('changed since\nnext: rtn bump'),
    });
  });
});

describe('a version in an older notation', () => {
  test.each([
    ['2.0', '2.0.0'],
    ['1.4.5dev', '1.4.5-dev'],
  ])('%s becomes %s by the command that check prints', async (legacy, strict) => {
    const { rtn, write, read, root } = repository();
    write(`operations/driver_push/${legacy}.yaml`, read(OPERATION).replace('1.4.10', legacy));
    await rtn('renumber', 'driver_push@1.4.10', '1.0.0');
    const fix = /fix: rtn (renumber .*)/.exec((await rtn('check')).out)?.[1] ?? '';
    expect(fix).toBe(`renumber driver_push@${legacy} ${strict}`);
    expect(await rtn(...fix.split(' '))).toMatchObject({ code: 0, err: '' });
    expect(existsSync(join(root, `operations/driver_push/${legacy}.yaml`))).toBe(false);
    expect(read(`operations/driver_push/${strict}.yaml`)).toContain(`\nversion: ${strict}\n`);
    expect(await rtn('check', '--strict')).toMatchObject({ code: 0 });
  });

  test('of a template takes its text along and is followed by what names it', async () => {
    const { rtn, write, read, root, edit } = repository();
    write('templates/one-shot/2.0.yaml', read(ONE_SHOT).replaceAll('1.0.0', '2.0'));
    write('templates/one-shot/2.0.mjs.hbs', '// two\n');
    edit(OPERATION, 'template: one-shot@1.0.0', 'template: one-shot@2.0');
    await rtn('publish', 'driver_push', '--with-deps');
    expect(await rtn('renumber', 'templates/one-shot/2.0.yaml', '2.0.0')).toMatchObject({ code: 0, err: '' });
    expect(read('templates/one-shot/2.0.0.mjs.hbs')).toBe('// two\n');
    expect(existsSync(join(root, 'templates/one-shot/2.0.mjs.hbs'))).toBe(false);
    expect(read(OPERATION)).toContain('template: one-shot@2.0.0\n');
    expect(await rtn('check', '--strict')).toMatchObject({ code: 0 });
  });
});

test('what names it through a partial gets new digests, too', async () => {
  const { rtn, write, read, edit, publish } = repository();
  write(
    'templates/part/1.0.0.yaml',
    read(ONE_SHOT).replaceAll('one-shot', 'part').replace('[reader, sender, logger]', '[]'),
  );
  write('templates/part/1.0.0.mjs.hbs', '// part\n');
  edit(ONE_SHOT, 'text: 1.0.0.mjs.hbs', 'text: 1.0.0.mjs.hbs\npartials: { part: part@1.0.0 }');
  write('templates/one-shot/1.0.0.mjs.hbs', '{{> part}}\n');
  await rtn('publish', 'part');
  await publish();
  const { code, out } = await rtn('renumber', 'part@1.0.0', '1.0.3');
  expect(code).toBe(0);
  expect(out).toContain(`template one-shot@1.0.0 names part@1.0.3 now: ${ONE_SHOT}`);
  expect(out).toContain(`operation driver_push@1.4.10 has new digests, since it depends on it: ${OPERATION}`);
  expect(read(ONE_SHOT)).toContain('part: part@1.0.3');
  expect(await rtn('check')).toMatchObject({ code: 0 });
});

test('a draft whose version was typed over is moved to where it says it is', async () => {
  const { rtn, edit, read } = repository();
  edit(OPERATION, 'version: 1.4.10', 'version: 1.5.0');
  const fix = /fix: rtn (renumber .*)/.exec((await rtn('check')).out)?.[1] ?? '';
  expect(await rtn(...fix.split(' '))).toMatchObject({ code: 0, err: '' });
  expect(read('operations/driver_push/1.5.0.yaml')).toContain('version: 1.5.0\n');
  expect(await rtn('check')).toMatchObject({ code: 0 });
});
