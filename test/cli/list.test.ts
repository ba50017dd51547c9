import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { out, withDraft } from './grown.js';

describe('rtn list', () => {
  test('has one line a name, with its newest active version', async () => {
    const { rtn } = await withDraft();
    expect(await out(rtn('list'))).toBe(
      `kind       name           version  others  status  layer                 title
---------  -------------  -------  ------  ------  --------------------  ----------------------------------------------
operation  driver_push    1.4.10   +1      active  taxi-crm-push@1.4.10  Push notifications to drivers
layer      taxi-crm-push  1.4.11   +1      active  -                     Environment and code of the taxi push services
template   one-shot       1.0.1    +1      active  -                     Reads its input to the end, then exits
template   service        1.0.0    -       active  -                     Serves a stream until it is told to stop
`,
    );
  });

  test('leaves the layer out and cuts titles on a narrow terminal', async () => {
    const { rtnOn } = await withDraft();
    const lines = (await out(rtnOn(80, 'list'))).split('\n');
    expect(lines[2]).toBe('operation  driver_push    1.4.10   +1      active  Push notifications to drivers');
    expect(lines[3]).toBe('layer      taxi-crm-push  1.4.11   +1      active  Environment and code of the …');
    expect(lines.every((line) => line.length <= 80)).toBe(true);
  });

  test.each<[string[], string[]]>([
    [
      ['--all'],
      [
        'driver_push 1.4.10',
        'driver_push 1.4.11',
        'taxi-crm-push 1.4.10',
        'taxi-crm-push 1.4.11',
        'one-shot 1.0.0',
        'one-shot 1.0.1',
        'service 1.0.0',
      ],
    ],
    [['--kind', 'layer'], ['taxi-crm-push 1.4.11']],
    [['--status', 'draft'], ['driver_push 1.4.11']],
    [
      ['--all', '--status', 'deprecated'],
      ['taxi-crm-push 1.4.10', 'one-shot 1.0.0'],
    ],
    [['--status', 'withdrawn'], []],
  ])('%j', async (words, expected) => {
    const { rtn } = await withDraft();
    const list = JSON.parse(await out(rtn('list', '--json', ...words)));
    expect(list.map(({ name, version }: Record<string, string>) => `${name} ${version}`)).toEqual(expected);
  });

  test('says so where there is nothing', async () => {
    const { rtn } = repository();
    expect(await out(rtn('list', '--status', 'withdrawn'))).toBe('There is none.\n');
  });
});
