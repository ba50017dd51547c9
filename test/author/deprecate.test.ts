import { describe, expect, test } from 'vitest';
import { OPERATION } from '../registry/house.js';
import { repository } from './repository.js';

const NEXT = 'operations/driver_push/1.4.11.yaml';

/** Two active versions of the operation, 1.4.10 and 1.4.11, committed. */
async function twoActive() {
  const house = repository();
  await house.publish();
  await house.rtn('bump', 'driver_push');
  await house.rtn('publish', 'driver_push', '--keep-previous');
  house.commit('two active versions');
  return house;
}

describe('deprecate', () => {
  test('writes below the status what replaces it, why and until when, and nothing else', async () => {
    const { rtn, read } = await twoActive();
    const before = read(OPERATION);
    const words = [
      '--replaced-by',
      'driver_push@1.4.11',
      '--reason',
      'no retries: see NOTE',
      '--remove-after',
    ];
    const { code, out, err } = await rtn('deprecate', 'driver_push@1.4.10', ...words, '2027-06-30');
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(
      `deprecated operation driver_push@1.4.10, replaced by driver_push@1.4.11, to be gone after 2027-06-30: ${OPERATION}\nnext: git add ${OPERATION} && git commit\n`,
    );
    expect(read(OPERATION)).toBe(
      before.replace(
        'status: active\n',
        'status: deprecated\nreplaced_by: driver_push@1.4.11\nreason: "no retries: see NOTE"\nremove_after: 2027-06-30\n',
      ),
    );
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('changes single keys of what is deprecated already', async () => {
    const { rtn, read } = await twoActive();
    await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'old');
    const { out } = await rtn('deprecate', OPERATION, '--remove-after', '2027-06-30');
    expect(out).toContain('changed deprecated operation driver_push@1.4.10, to be gone after 2027-06-30');
    await rtn('deprecate', OPERATION, '--reason', 'older');
    expect(read(OPERATION)).toMatch(/status: deprecated\nremove_after: 2027-06-30\nreason: older\n/);
    expect(await rtn('deprecate', OPERATION)).toMatchObject({ code: 2 });
  });

  test('moves what the version had replaced on to its successor', async () => {
    const { rtn, read } = await twoActive();
    await rtn('deprecate', 'driver_push@1.4.10', '--replaced-by', 'driver_push@1.4.11');
    await rtn('bump', 'driver_push', '--level', 'minor');
    await rtn('publish', 'driver_push');
    const { out } = await rtn('deprecate', 'driver_push@1.4.11', '--replaced-by', 'driver_push@1.5.0');
    expect(out).toContain(
      'driver_push@1.4.10 was replaced by driver_push@1.4.11: now replaced by driver_push@1.5.0',
    );
    expect(read(OPERATION)).toContain('replaced_by: driver_push@1.5.0\n');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('leaves what it had replaced with a reason where nothing follows', async () => {
    const { rtn, read } = await twoActive();
    await rtn('deprecate', 'driver_push@1.4.10', '--replaced-by', 'driver_push@1.4.11');
    await rtn('deprecate', 'driver_push@1.4.11', '--reason', 'the service closes');
    expect(read(OPERATION)).toContain(
      'status: deprecated\nreason: "its successor driver_push@1.4.11 is deprecated: the service closes"\n',
    );
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test.each([
    [['driver_push@1.4.10'], 'why is driver_push@1.4.10 deprecated, or what replaces it?'],
    [['driver_push', '--reason', 'x'], 'There is 1.4.10 (active), 1.4.11 (active)'],
    [['driver_push@1.4.12', '--reason', 'x'], "did you mean 'driver_push@1.4.10'?"],
    [['driver_push@1.4.10', '--reason', ' '], 'the reason is empty'],
    [['driver_push@1.4.10', '--replaced-by', 'driver_push@1.4.10'], 'cannot replace itself'],
    [['driver_push@1.4.10', '--replaced-by', 'driver_posh@1.4.11'], "did you mean 'driver_push@1.4.11'?"],
    [
      ['driver_push@1.4.10', '--replaced-by', 'one-shot@1.0.0'],
      'one-shot@1.0.0 is a template; what replaces an operation',
    ],
    [['driver_push@1.4.10', '--reason', 'x', '--remove-after', '2027-02-30'], "'2027-02-30' is no day"],
  ])('%j is refused as usage, and nothing changes', async (words, message) => {
    const { rtn, git } = await twoActive();
    expect(await rtn('deprecate', ...words)).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    });
    expect(git('status', '--porcelain')).toBe('');
  });

  test('refuses a successor that is a draft, deprecated, withdrawn, or replaced by it in turn', async () => {
    const { rtn, edit } = await twoActive();
    const refused = async (message: string) =>
      expect(
        await rtn('deprecate', 'driver_push@1.4.10', '--replaced-by', 'driver_push@1.4.11'),
      ).toMatchObject({
        code: 2,
        err: expect.stringContaining(message),
      });
    edit(NEXT, 'status: active', 'status: active\nreplaced_by: driver_push@1.4.10');
    await refused('replaced by driver_push@1.4.10 itself: driver_push@1.4.11 -> driver_push@1.4.10');
    edit(NEXT, 'status: active', 'status: deprecated');
    await refused(
      'driver_push@1.4.11 is deprecated itself\nnext: name what replaces it: --replaced-by driver_push@1.4.10',
    );
    edit(NEXT, 'status: deprecated', 'status: withdrawn');
    await refused('is withdrawn itself');
    edit(NEXT, 'status: withdrawn', 'status: draft');
    await refused('is a draft, which nothing can move to yet\nnext: rtn publish driver_push@1.4.11');
  });

  test('refuses drafts and what is withdrawn', async () => {
    const { rtn } = await twoActive();
    await rtn('bump', 'driver_push');
    expect((await rtn('deprecate', 'driver_push@1.4.12', '--reason', 'x')).err).toContain('is a draft');
    await rtn('withdraw', 'driver_push@1.4.10', '--reason', 'x');
    expect((await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'x')).err).toContain(
      'only moves forward',
    );
  });
});

test('publish moves on what the version before it had replaced', async () => {
  const { rtn, publish, read } = repository();
  await publish();
  for (let round = 0; round < 2; round++) {
    await rtn('bump', 'driver_push');
    await rtn('publish', 'driver_push');
  }
  for (const path of [OPERATION, NEXT]) expect(read(path)).toContain('replaced_by: driver_push@1.4.12\n');
  expect(await rtn('check')).toMatchObject({ code: 0 });
});
