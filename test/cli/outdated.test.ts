import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { DRAFT, grown, out, withDraft } from './grown.js';

describe('rtn outdated', () => {
  test('names what is newer and the command that moves there, which works', async () => {
    const { rtn, read } = await grown();
    const text = await out(rtn('outdated'));
    expect(text).toBe(
      `operation           uses                                     newest
------------------  ---------------------------------------  ------
driver_push@1.4.10  layer taxi-crm-push@1.4.10 (deprecated)  1.4.11
driver_push@1.4.10  template one-shot@1.0.0 (deprecated)     1.0.1

1 of 1 operation could move; nobody has to.
next: rtn bump driver_push --layer taxi-crm-push@1.4.11 --template one-shot@1.0.1
`,
    );
    const [command = ''] = /(?<=next: rtn ).*/.exec(text) ?? [];
    expect(await rtn(...command.split(' '))).toMatchObject({ code: 0 });
    expect(read(DRAFT)).toMatch(/layer: taxi-crm-push@1.4.11[\s\S]*template: one-shot@1.0.1/);
    expect(await out(rtn('outdated'))).toBe('No layer or template in use has a newer active version.\n');
  });

  test('lets a draft be moved in place, and judges only the newest version of a line', async () => {
    const { rtn, read } = await withDraft();
    const text = await out(rtn('outdated', 'driver_push'));
    expect(text).toContain('driver_push@1.4.11 (draft)  template one-shot@1.0.0 (deprecated)  1.0.1');
    expect(text).toContain('next: rtn bump driver_push --template one-shot@1.0.1\n');
    expect(JSON.parse(await out(rtn('outdated', '--json')))).toEqual([
      expect.objectContaining({
        operation: 'driver_push@1.4.11',
        uses: 'one-shot@1.0.0',
        newest: 'one-shot@1.0.1',
      }),
    ]);
    const older = await out(rtn('outdated', 'driver_push@1.4.10'));
    expect(older).toMatch(
      /driver_push@1\.4\.10 stays as it is: driver_push@1\.4\.11 is newer in its line\.\n$/,
    );
    await rtn('bump', 'driver_push', '--template', 'one-shot@1.0.1');
    expect(read(DRAFT)).toContain('one-shot@1.0.1');
    expect(await out(rtn('outdated'))).toContain('No layer');
  });

  test('does not know a draft as newer', async () => {
    const { rtn, publish } = repository();
    await publish();
    await rtn('bump', 'taxi-crm-push');
    expect(await out(rtn('outdated'))).toContain('No layer');
  });

  test('names an operation in full where a newer line is above it', async () => {
    const { rtn } = await grown();
    await rtn(
      'bump',
      'driver_push',
      '--level',
      'minor',
      '--layer',
      'taxi-crm-push@1.4.11',
      '--template',
      'one-shot@1.0.1',
    );
    expect(await out(rtn('outdated'))).toContain('next: rtn bump driver_push@1.4.10 --layer');
  });

  test('knows no draft that lies below what is in use, nor a pre-release as newer than its release', async () => {
    const { rtn, read, write } = await grown();
    for (const [from, to] of [
      ['operations/driver_push/1.4.10.yaml', 'operations/driver_push/1.4.5-dev.yaml'],
      ['layers/taxi-crm-push/1.4.11.yaml', 'layers/taxi-crm-push/1.4.11-rc.1.yaml'],
    ] as const) {
      const version = to.slice(to.lastIndexOf('/') + 1, -'.yaml'.length);
      const text = read(from).replace(/^version: .*/m, `version: ${version}`);
      write(to, to.startsWith('operations') ? text.replace(/^status: .*/m, 'status: draft') : text);
    }
    await rtn('bump', 'driver_push', '--layer', 'taxi-crm-push@1.4.11', '--template', 'one-shot@1.0.1');
    expect(await out(rtn('outdated'))).toContain('No layer');
    const named = JSON.parse(await out(rtn('outdated', 'driver_push@1.4.5-dev', '--json')));
    expect(named[0]).toMatchObject({ operation: 'driver_push@1.4.5-dev', newest: 'taxi-crm-push@1.4.11' });
    expect(named[0].next).toBeUndefined();
  });

  test('gives one command for all that go the same way, what is withdrawn first', async () => {
    const { rtn, read, write } = await grown();
    const text = read('operations/driver_push/1.4.10.yaml');
    for (const name of ['a_push', 'b_push'])
      write(
        `operations/${name}/1.4.10.yaml`,
        text
          .replace('name: driver_push', `name: ${name}`)
          .replace(/^published:[\s\S]*/m, '')
          .replace('status: active', 'status: draft'),
      );
    write(
      'operations/b_push/1.4.10.yaml',
      read('operations/b_push/1.4.10.yaml').replace('taxi-crm-push@1.4.10', 'taxi-crm-push@1.4.11'),
    );
    await rtn('withdraw', 'one-shot@1.0.0', '--reason', 'it doubled');
    const said = await out(rtn('outdated'));
    expect(
      said
        .split('\n')
        .slice(2, 5)
        .map((line) => line.split(/\s{2,}/)[1]),
    ).toEqual(Array(3).fill('template one-shot@1.0.0 (withdrawn)'));
    expect(said.slice(said.indexOf('3 of'))).toBe(
      `3 of 3 operations could move; what is withdrawn must be left.
next: rtn bump a_push driver_push --layer taxi-crm-push@1.4.11 --template one-shot@1.0.1
next: rtn bump b_push --template one-shot@1.0.1
`,
    );
    const [command = ''] = /(?<=next: rtn ).*/.exec(said) ?? [];
    expect(await rtn(...command.split(' '))).toMatchObject({ code: 0 });
  });

  test('refuses a name that is none', async () => {
    const { rtn } = repository();
    expect(await rtn('outdated', 'driver_posh')).toMatchObject({
      code: 2,
      err: expect.stringContaining('driver_push'),
    });
  });
});
