import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Sandbox } from './rtn.js';

const OPERATION = 'operations/driver_push/1.4.10.yaml';
const NEXT = 'operations/driver_push/1.4.11.yaml';

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box.remove());

/** The command behind `fix:` or `next:` as words for `rtn`. */
function printed(kind: 'fix' | 'next', text: string): string[] {
  const command = new RegExp(`${kind}: rtn (.+)`).exec(text)?.[1];
  if (command === undefined) throw new Error(`no ${kind} in:\n${text}`);
  return command.split(' ');
}

async function published(): Promise<void> {
  const result = await box.rtn('publish', 'driver_push', '--with-deps');
  expect(result).toMatchObject({ code: 0, err: '' });
  box.commit('published');
}

describe('the life of a version', () => {
  test('an edit of a published file is moved into a new draft by the command that check prints', async () => {
    await published();
    expect(await box.rtn('check')).toMatchObject({ code: 0 });
    const original = box.read(OPERATION);

    box.edit(OPERATION, 'default: 64', 'default: 128 # as agreed in May');
    const red = await box.rtn('check');
    expect(red.code).toBe(1);
    expect(red.out).toContain('version/immutable');
    expect(red.out).toContain('its params changed');
    expect(printed('fix', red.out)).toEqual(['bump', 'driver_push']);
    const edited = box.read(OPERATION);

    const bumped = await box.rtn(...printed('fix', red.out));
    expect(bumped).toMatchObject({ code: 0, err: '' });
    expect(box.read(OPERATION)).toBe(original);
    const draft = box.read(NEXT);
    expect(draft).toContain('default: 128 # as agreed in May');
    expect(draft).toContain('# Checked from the top');
    const expected = edited
      .slice(0, edited.indexOf('\npublished:'))
      .replace('version: 1.4.10', 'version: 1.4.11')
      .replace('status: active', 'status: draft');
    expect(draft.trimEnd()).toBe(expected.trimEnd());
    expect(await box.rtn('check')).toMatchObject({ code: 0 });

    expect(await box.rtn(...printed('next', bumped.out))).toMatchObject({ code: 0, err: '' });
    expect(await box.rtn('check')).toMatchObject({ code: 0 });
    expect(box.read(OPERATION)).toContain('status: deprecated\nreplaced_by: driver_push@1.4.11\n');
    expect(box.read(NEXT)).toMatch(
      /status: active[\s\S]*\npublished:\n {2}form: 1\n {2}at: \d{4}-\d\d-\d\d\n {2}interface: [0-9a-f]{64}\n/,
    );
  });

  test('an edit that was committed is moved, too', async () => {
    await published();
    const original = box.read(OPERATION);
    box.edit(OPERATION, 'drain_timeout: 30s', 'drain_timeout: 60s');
    box.commit('an edit in place');
    expect((await box.rtn('check')).out).toContain('its wrapper changed');
    expect(await box.rtn('bump', 'driver_push')).toMatchObject({ code: 0 });
    expect(box.read(OPERATION)).toBe(original);
    expect(box.read(NEXT)).toContain('drain_timeout: 60s');
  });

  test('an edit that git knows no original of is refused, and nothing changes', async () => {
    expect(await box.rtn('publish', 'driver_push', '--with-deps')).toMatchObject({ code: 0 });
    box.edit(OPERATION, 'default: 64', 'default: 128');
    box.commit('published and edited in one commit');
    const before = box.git('status', '--porcelain');
    const result = await box.rtn('bump', 'driver_push');
    expect(result.code).toBe(1);
    expect(result.err).toContain('none of the 1 commits that touched it');
    expect(result.err).not.toContain('    at ');
    expect(box.git('status', '--porcelain')).toBe(before);
  });

  test('without git an edit cannot be moved, and that is exit code 3', async () => {
    await box.rtn('publish', 'driver_push', '--with-deps');
    box.edit(OPERATION, 'default: 64', 'default: 128');
    expect(await box.rtn('bump', 'driver_push')).toMatchObject({ code: 3 });
  });

  test("an edited template's text is moved with its document, and its users are named", async () => {
    await published();
    box.write('templates/one-shot/1.0.0.mjs.hbs', '// changed\n');
    const red = await box.rtn('check');
    expect(red.out).toContain('one-shot@1.0.0 was published and its content changed');
    expect(red.out).toContain('used by driver_push@1.4.10');
    expect(red.out).toContain('1 error in 1 file');
    expect(await box.rtn(...printed('fix', red.out))).toMatchObject({ code: 0 });
    expect(box.read('templates/one-shot/1.0.0.mjs.hbs')).toBe('// one-shot\n');
    expect(box.read('templates/one-shot/1.0.1.mjs.hbs')).toBe('// changed\n');
    expect(box.read('templates/one-shot/1.0.1.yaml')).toContain('text: 1.0.1.mjs.hbs');
    expect(await box.rtn('check')).toMatchObject({ code: 0 });
  });

  test('bump clones what nobody edited, and moves it to another layer and template', async () => {
    await published();
    await box.rtn('bump', 'taxi-crm-push', 'one-shot');
    await box.rtn('publish', 'taxi-crm-push', 'one-shot');
    const result = await box.rtn(
      'bump',
      'driver_push',
      '--level',
      'minor',
      '--layer',
      'taxi-crm-push@1.4.11',
      '--template',
      'one-shot@1.0.1',
    );
    expect(result).toMatchObject({ code: 0, err: '' });
    const draft = box.read('operations/driver_push/1.5.0.yaml');
    expect(draft).toContain('layer: taxi-crm-push@1.4.11');
    expect(draft).toContain('template: one-shot@1.0.1');
    expect(draft).toContain('template: service@1.0.0');
    expect(draft).not.toContain('published');
    expect(await box.rtn('check')).toMatchObject({ code: 0 });
  });

  test('a dry run writes nothing', async () => {
    await published();
    const result = await box.rtn('bump', 'driver_push', '--dry-run');
    expect(result.out).toContain('would: new draft driver_push@1.4.11');
    expect(box.git('status', '--porcelain')).toBe('');
  });

  test('bump refuses to stand in for an edit of a draft', async () => {
    expect(await box.rtn('bump', 'driver_push')).toMatchObject({
      code: 2,
      err: expect.stringContaining('is a draft already'),
    });
  });

  test('publish refuses drafts that it names, and says how', async () => {
    const result = await box.rtn('publish', 'driver_push');
    expect(result.code).toBe(1);
    expect(result.err).toContain(
      'layer taxi-crm-push@1.4.10, template one-shot@1.0.0, template service@1.0.0',
    );
    expect(result.err).toContain('next: rtn publish driver_push --with-deps');
  });

  test('publish refuses a draft with findings and writes nothing', async () => {
    box.edit(OPERATION, '${params.endpoint}', '${params.endpont}');
    const before = box.read('layers/taxi-crm-push/1.4.10.yaml');
    const result = await box.rtn('publish', 'driver_push', '--with-deps');
    expect(result).toMatchObject({ code: 1, err: expect.stringContaining("did you mean 'endpoint'?") });
    expect(box.read('layers/taxi-crm-push/1.4.10.yaml')).toBe(before);
  });

  test('--keep-previous leaves the version before it active', async () => {
    await published();
    await box.rtn('bump', 'driver_push');
    expect(await box.rtn('publish', 'driver_push', '--keep-previous')).toMatchObject({ code: 0 });
    expect(box.read(OPERATION)).toContain('status: active');
    expect(await box.rtn('check')).toMatchObject({ code: 0 });
  });
});
