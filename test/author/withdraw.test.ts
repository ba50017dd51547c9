import { describe, expect, test } from 'vitest';
import { ONE_SHOT } from '../registry/house.js';
import { repository } from './repository.js';

describe('withdraw', () => {
  test('names every user, each with the command that moves it on', async () => {
    const { rtn, publish, read } = repository();
    await publish();
    await rtn('bump', 'one-shot');
    await rtn('publish', 'one-shot');
    const { code, out } = await rtn('withdraw', 'one-shot@1.0.0', '--reason', 'loses the last batch');
    expect(code).toBe(0);
    expect(out).toContain(`withdrew template one-shot@1.0.0: ${ONE_SHOT}\n`);
    const command = 'rtn bump driver_push@1.4.10 --template one-shot@1.0.1';
    expect(out).toContain(
      `operation driver_push@1.4.10 (active) still names it: ${command} && rtn publish driver_push\n`,
    );
    expect(read(ONE_SHOT)).toMatch(
      /status: withdrawn\nreason: loses the last batch\nreplaced_by: one-shot@1.0.1\n/,
    );
    expect((await rtn('check')).out).toContain('error template/withdrawn');
    expect(await rtn(...command.split(' ').slice(1))).toMatchObject({ code: 0 });
    expect(await rtn('publish', 'driver_push')).toMatchObject({ code: 0 });
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('says how to mend what has no other version', async () => {
    const { rtn, publish } = repository();
    await publish();
    const { out } = await rtn('withdraw', 'taxi-crm-push@1.4.10', '--reason', 'a leak');
    expect(out).toContain('no active version of taxi-crm-push is left: rtn bump taxi-crm-push');
    expect(out).toContain('rtn bump driver_push@1.4.10 --layer taxi-crm-push@VERSION');
    await rtn('bump', 'taxi-crm-push');
    await rtn('publish', 'taxi-crm-push');
    const moved = await rtn('bump', 'driver_push', '--layer', 'taxi-crm-push@1.4.11');
    expect(moved).toMatchObject({ code: 0, err: '' });
    const back = await rtn('bump', 'driver_push', '--layer', 'taxi-crm-push@1.4.10');
    expect(back).toMatchObject({ code: 2, err: expect.stringContaining('is withdrawn: a leak') });
  });

  test('lets nothing point at it', async () => {
    const { rtn, publish, read } = repository();
    await publish();
    await rtn('bump', 'one-shot');
    await rtn('publish', 'one-shot');
    const { out } = await rtn('withdraw', 'one-shot@1.0.1', '--reason', 'worse');
    expect(out).toContain('template one-shot@1.0.0 was replaced by one-shot@1.0.1: now without a successor');
    expect(read(ONE_SHOT)).toContain('reason: "its successor one-shot@1.0.1 was withdrawn: worse"\n');
    expect(read(ONE_SHOT)).not.toContain('replaced_by');
    expect(await rtn('check')).toMatchObject({ code: 0 });
  });

  test('is what generate and a second withdraw refuse', async () => {
    const { rtn, publish } = repository();
    await publish();
    await rtn('withdraw', 'driver_push@1.4.10', '--reason', 'sends twice');
    expect(await rtn('generate', 'driver_push')).toMatchObject({
      code: 2,
      err: expect.stringContaining('driver_push@1.4.10 is withdrawn: sends twice'),
    });
    const again = await rtn('withdraw', 'driver_push@1.4.10', '--reason', 'x');
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is withdrawn already') });
  });

  test.each([
    [['driver_push@1.4.10'], "required option '--reason <text>' not specified"],
    [['driver_push@1.4.10', '--reason', 'x'], 'is a draft: it was never published'],
  ])('%j of a draft is refused as usage', async (words, message) => {
    const { rtn } = repository();
    expect(await rtn('withdraw', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});
