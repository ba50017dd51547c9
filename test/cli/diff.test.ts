import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { ONE_SHOT } from '../registry/house.js';
import { grown, out, withDraft } from './grown.js';

describe('rtn diff', () => {
  test('tells by part what is new, and which level that is', async () => {
    const { rtn } = await withDraft({
      'default: 64': 'default: 128',
      'maximum: 4096': 'maximum: 1024',
      'max_attempts: 5': 'max_attempts: 7',
      'The send log': 'That log',
    });
    expect(await out(rtn('diff', 'driver_push'))).toBe(
      `operation driver_push@1.4.10 -> 1.4.11

params
  params.concurrency.default: 64 -> 128
  params.concurrency.maximum: 4096 -> 1024

wrapper
  runners.one-shot.sender.max_attempts: 5 -> 7
  runners.service.sender.max_attempts: 5 -> 7

layer
  layer: taxi-crm-push@1.4.10 -> taxi-crm-push@1.4.11

text
  status: active -> draft
  description: text changed, +1 -1 lines

level: major is due, at least 2.0.0; 1.4.11 is too low
  param-narrowed  params.concurrency.maximum: 4096 -> 1024
  param-default   params.concurrency.default: 64 -> 128
`,
    );
  });

  test('says when the version is high enough', async () => {
    const { rtn } = await withDraft();
    expect(await out(rtn('diff', 'driver_push'))).toContain('level: patch is due, and 1.4.11 is enough\n');
  });

  test('against a lower version tells no verdict on the number', async () => {
    const { rtn } = await withDraft({ 'maximum: 4096': 'maximum: 1024' });
    const text = await out(rtn('diff', 'driver_push@1.4.11', 'driver_push@1.4.10'));
    expect(text).toMatch(
      /level: minor is due\n {2}param-widened {2}params.concurrency.maximum: accepts more\n$/,
    );
  });

  test("tells of a template how its text file changed, not that the file's name did", async () => {
    const { rtn } = await grown();
    const text = await out(rtn('diff', 'one-shot'));
    expect(text).toContain('content\n  text file: +1 -0 lines\n\ntext\n  status:');
    expect(text).not.toContain('1.0.1.mjs.hbs');
    expect(JSON.parse(await out(rtn('diff', 'one-shot', '--json')))).toMatchObject({
      kind: 'template',
      textFile: { added: 1, removed: 0 },
      level: 'patch',
      isEnough: true,
    });
  });

  test('says so where nothing that runs differs', async () => {
    const { rtn } = await grown();
    expect(await out(rtn('diff', 'taxi-crm-push'))).toContain('Nothing else differs: it runs the same.');
    expect(await out(rtn('diff', 'service', 'service'))).toContain('one and the same');
  });

  test('says so where only the version differs', async () => {
    const { rtn, write, read } = repository();
    write('templates/one-shot/1.0.1.yaml', read(ONE_SHOT).replace('version: 1.0.0', 'version: 1.0.1'));
    expect(await out(rtn('diff', 'one-shot'))).toContain('No difference but the version.');
  });

  test('as JSON has changes, level and reasons', async () => {
    const { rtn } = await withDraft({ 'default: 64': 'default: 128' });
    expect(JSON.parse(await out(rtn('diff', 'driver_push', '--json')))).toMatchObject({
      before: 'driver_push@1.4.10',
      after: 'driver_push@1.4.11',
      changes: expect.arrayContaining([
        expect.objectContaining({ part: 'params', kind: 'changed', before: 64, after: 128 }),
      ]),
      level: 'minor',
      least: '1.5.0',
      isEnough: false,
      reasons: [{ rule: 'param-default' }],
    });
  });

  test.each([
    [['driver_posh'], "did you mean 'driver_push'?"],
    [['driver_push'], 'there is no version of operation driver_push before 1.4.10'],
    [['driver_push', 'one-shot'], 'of two kinds'],
    [['driver_push', '--kind', 'layer'], 'there is no'],
  ])('%j is refused as usage', async (words, message) => {
    const { rtn } = repository();
    expect(await rtn('diff', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});
