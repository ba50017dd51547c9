import { describe, expect, test } from 'vitest';
import { LAYER, OPERATION } from '../registry/house.js';
import { repository } from './repository.js';

describe('publish', () => {
  test('records a digest a part at the end of the document and changes nothing else', async () => {
    const { rtn, read } = repository();
    const before = read(OPERATION);
    const result = await rtn('publish', 'driver_push', '--with-deps');
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out.split('\n').slice(0, 4)).toEqual([
      `published layer taxi-crm-push@1.4.10: ${LAYER}`,
      'published template one-shot@1.0.0: templates/one-shot/1.0.0.yaml',
      'published template service@1.0.0: templates/service/1.0.0.yaml',
      `published operation driver_push@1.4.10: ${OPERATION}`,
    ]);
    const digest = '[0-9a-f]{64}';
    expect(read(OPERATION).replace(before.replace('status: draft', 'status: active'), '')).toMatch(
      new RegExp(
        `^\\npublished:\\n {2}form: 1\\n {2}at: \\d{4}-\\d\\d-\\d\\d\\n {2}interface: ${digest}\\n {2}params: ${digest}\\n {2}wrapper: ${digest}\\n {2}layer: ${digest}\\n$`,
      ),
    );
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('refuses drafts that it names, and says how', async () => {
    const { rtn } = repository();
    const { code, err } = await rtn('publish', 'driver_push');
    expect(code).toBe(1);
    expect(err).toContain('layer taxi-crm-push@1.4.10, template one-shot@1.0.0, template service@1.0.0');
    expect(err).toContain('next: rtn publish driver_push@1.4.10 --with-deps');
  });

  test.each([
    [OPERATION, '${params.endpoint}', '${params.endpont}', "did you mean 'endpoint'?"],
    [LAYER, 'node: ', 'nod: ', "unknown key 'nod'"],
  ])('refuses findings in %s, and then nothing at all is written', async (path, from, to, message) => {
    const { rtn, edit, commit, git } = repository();
    edit(path, from, to);
    commit('broken');
    const { code, err } = await rtn('publish', 'driver_push', '--with-deps');
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    expect(git('status', '--porcelain')).toBe('');
  });

  test('marks the version before it as replaced, in its own line only', async () => {
    const { rtn, publish, read } = repository();
    await publish();
    await rtn('bump', 'driver_push');
    const { out } = await rtn('publish', 'driver_push');
    expect(out).toContain('deprecated operation driver_push@1.4.10, replaced by driver_push@1.4.11');
    expect(read(OPERATION)).toContain('status: deprecated\nreplaced_by: driver_push@1.4.11\n');
    await rtn('bump', 'driver_push', '--level', 'minor');
    await rtn('publish', 'driver_push');
    expect(read('operations/driver_push/1.4.11.yaml')).toContain('status: active');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('leaves the version before it active when told to', async () => {
    const { rtn, publish, read } = repository();
    await publish();
    await rtn('bump', 'driver_push');
    expect(await rtn('publish', 'driver_push', '--keep-previous')).toMatchObject({ code: 0 });
    expect(read(OPERATION)).toContain('status: active');
  });

  test('refuses what is published already', async () => {
    const { rtn, publish } = repository();
    await publish();
    expect(await rtn('publish', 'driver_push')).toMatchObject({
      code: 2,
      err: 'rtn: driver_push@1.4.10 is active already; only a draft is published\nnext: rtn bump driver_push\n',
    });
  });

  test('of several gives one command that commits them all, and a dry run says the same', async () => {
    const { rtn, git, commit } = repository();
    commit('drafts');
    const words = ['publish', 'taxi-crm-push', 'one-shot', 'service', 'driver_push'];
    const lines = async (...more: string[]) => (await rtn(...words, ...more)).out.trimEnd().split('\n');
    const [told, done] = [await lines('--dry-run'), await lines()];
    expect(told.slice(0, -1)).toEqual(done.slice(0, -1).map((line) => `would: ${line}`));
    const next = `next: git add ${LAYER} templates/one-shot/1.0.0.yaml templates/service/1.0.0.yaml ${OPERATION} && git commit`;
    expect([done.at(-1), told.at(-1)]).toEqual([next, next]);
    expect(done.filter((line) => line.startsWith('next:'))).toHaveLength(1);
    git(...next.slice('next: git '.length).replace(' && git commit', '').split(' '));
    expect(git('status', '--porcelain')).not.toMatch(/^.[^ ]/m);
  });

  test('tells what it did as JSON', async () => {
    const { rtn } = repository();
    const { out } = await rtn('publish', 'taxi-crm-push', 'one-shot', '--json', '--dry-run');
    expect(JSON.parse(out)).toMatchObject({ dryRun: true, files: [LAYER, 'templates/one-shot/1.0.0.yaml'] });
  });
});
