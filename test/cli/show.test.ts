import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { OPERATION } from '../registry/house.js';
import { grown, out, withDraft } from './grown.js';

describe('rtn show', () => {
  test('is one screen', async () => {
    const { rtn } = await withDraft();
    const text = await out(rtn('show', 'driver_push@1.4.10'));
    expect(text.replace(/digest {5}[0-9a-f]{12}\n/, '').replace(/\d{4}-\d\d-\d\d/, 'TODAY')).toBe(
      `operation driver_push@1.4.10 (active)
Push notifications to drivers

published  TODAY
layer      taxi-crm-push@1.4.10 (deprecated)
policy     drain_timeout 30s
file       operations/driver_push/1.4.10.yaml

inputs
  recipients    required  One row a notification.
    message_id  required  a text of 1 to 128 characters, key
    driver_id   required  a text of 1 to 64 characters, recipient
    title       required  a text of at most 128 characters
    text        required  a text of 1 to 1024 characters

outputs
  log  send-log  default pg:driver_push_log  One row a message with its outcome.

params
  endpoint     required                      a URI such as https://host/path  Base address of the push service.
  concurrency  default 64                    an integer from 1 to 4096        Most requests in flight at once.
  rate_limit   default 0                     a number of at least 0           Most requests a second, repeats included; 0 for no limit.
  listen       default tcp://127.0.0.1:5571  a text                           ZeroMQ endpoint on which the service receives rows (PULL, bound).

secrets
  PUSH_TOKEN  Bearer token of the push service.

runners
  one-shot  one-shot@1.0.0  table -> async (http) -> log
  service   service@1.0.0   zmq -> async (http) -> log

links
  nirvana  77c3b56f-fe67-41dc-846d-cf395af20950

other versions
  1.4.11  draft
`,
    );
  });

  test('fits a narrow terminal, with descriptions below', async () => {
    const { rtnOn } = repository();
    const text = await out(rtnOn(80, 'show', 'driver_push'));
    expect(text).toContain(
      '  listen       default tcp://127.0.0.1:5571  a text\n      ZeroMQ endpoint on which',
    );
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  test.each([
    [
      'taxi-crm-push@1.4.10',
      ['replaced by  taxi-crm-push@1.4.11', 'used by\n  driver_push@1.4.10  active', 'node         >=20.19'],
    ],
    [
      'one-shot',
      [
        'stages     reader, sender, logger',
        'text       templates/one-shot/1.0.1.mjs.hbs',
        '1.0.0  deprecated  replaced by one-shot@1.0.1',
      ],
    ],
  ])('of %s', async (name, parts) => {
    const { rtn } = await grown();
    const text = await out(rtn('show', name));
    for (const part of parts) expect(text).toContain(part);
  });

  test('as JSON has the document, digests and dependents', async () => {
    const { rtn } = await grown();
    expect(JSON.parse(await out(rtn('show', 'driver_push', '--json')))).toMatchObject({
      document: { name: 'driver_push' },
      digests: { interface: expect.stringMatching(/^[0-9a-f]{64}$/) },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      versions: [{ version: '1.4.10', status: 'active' }],
    });
    expect(JSON.parse(await out(rtn('show', 'service', '--json')))).toMatchObject({
      dependents: ['driver_push@1.4.10'],
    });
  });

  test('cannot be made to write to the terminal, and bears any document', async () => {
    const { rtn, write, edit } = repository();
    edit(OPERATION, 'title: Push', 'title: "\\e[2J"\n#');
    expect(await out(rtn('show', 'driver_push'))).toContain('\\u001b[2J');
    expect(await out(rtn('list'))).not.toContain('\u001b');
    write(
      OPERATION,
      'inputs: {a: 1, b: {row: {properties: {c: true}}}}\nparams: [1]\nrunners: {r: 1, s: {reader: x}}\n',
    );
    expect(await out(rtn('show', 'driver_push'))).toContain('operation driver_push@1.4.10 (draft)');
  });
});
