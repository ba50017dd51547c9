import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { DRAFT, grown, out, withDraft } from './grown.js';

describe('rtn outdated', () => {
  test('names what is newer and the command that moves there, which works', async () => {
    const { rtn, read } = await grown();
    const text = await out(rtn('outdated'));
    expect(text).toBe(
      `operation           kind      uses                  status      newest
------------------  --------  --------------------  ----------  ------
driver_push@1.4.10  layer     taxi-crm-push@1.4.10  deprecated  1.4.11
driver_push@1.4.10  template  one-shot@1.0.0        deprecated  1.0.1

next: rtn bump driver_push --layer taxi-crm-push@1.4.11 --template one-shot@1.0.1
`,
    );
    const [command = ''] = /(?<=next: rtn ).*/.exec(text) ?? [];
    expect(await rtn(...command.split(' '))).toMatchObject({ code: 0 });
    expect(read(DRAFT)).toMatch(/layer: taxi-crm-push@1.4.11[\s\S]*template: one-shot@1.0.1/);
    expect(await out(rtn('outdated'))).toBe('No layer or template in use has a newer active version.\n');
  });

  test('lets a draft be edited, and judges only the newest version of a line', async () => {
    const { rtn } = await withDraft();
    expect(await out(rtn('outdated', 'driver_push'))).toContain(
      `next: edit ${DRAFT}: one-shot@1.0.0 -> 1.0.1\n`,
    );
    expect(JSON.parse(await out(rtn('outdated', '--json')))).toEqual([
      expect.objectContaining({
        operation: 'driver_push@1.4.11',
        uses: 'one-shot@1.0.0',
        newest: 'one-shot@1.0.1',
      }),
    ]);
    expect(JSON.parse(await out(rtn('outdated', 'driver_push@1.4.10', '--json')))).toEqual([]);
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

  test('refuses a name that is none', async () => {
    const { rtn } = repository();
    expect(await rtn('outdated', 'driver_posh')).toMatchObject({
      code: 2,
      err: expect.stringContaining('driver_push'),
    });
  });
});
