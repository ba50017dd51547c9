import { expect, onTestFinished, test } from 'vitest';
import { Pull } from 'zeromq';
import { outlineOf } from '../../src/readers/outline.js';
import { pushRows } from '../../src/readers/push-rows.js';
import { messageRows } from '../../src/readers/row-text.js';
import { rtn } from '../setup/rtn.js';
import { file, rowsOf } from './drain.js';

/** A PULL socket on a port of its own. */
async function pullSocket(options: ConstructorParameters<typeof Pull>[0] = {}) {
  const socket = new Pull({ receiveTimeout: 5_000, ...options });
  onTestFinished(() => socket.close());
  await socket.bind('tcp://127.0.0.1:*');
  return { socket, endpoint: socket.lastEndpoint ?? '' };
}

async function received(socket: Pull, count: number): Promise<unknown[]> {
  const rows: unknown[] = [];
  while (rows.length < count) {
    const [frame = Buffer.alloc(0)] = await socket.receive();
    rows.push(...rowsOf({ records: messageRows(frame, rows.length, outlineOf({ row: {} })) }));
  }
  return rows;
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `m${index}`, at: 2n ** 60n }));

test('rows arrive in order, many in a message, integers as they were', async () => {
  const { socket, endpoint } = await pullSocket();
  expect(await pushRows(endpoint, rows(250))).toEqual({ rows: 250, messages: 3, disconnects: 0 });
  expect(await received(socket, 250)).toEqual(rows(250));
});

test('it goes no faster than the service takes them', async () => {
  const { socket, endpoint } = await pullSocket({ receiveHighWaterMark: 1 });
  let made = 0;
  // Large enough that the kernel's buffers do not hide it.
  const large = { id: 'x'.repeat(1_000_000) };
  async function* source() {
    for (; made < 60; made++) yield large;
  }
  const pushing = pushRows(endpoint, source(), { rowsPerMessage: 1 });
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = made > 0 && made === before;
        before = made;
        return isStill;
      },
      { interval: 300 },
    )
    .toBe(true);
  expect(made).toBeLessThan(40);
  expect(await received(socket, 60)).toHaveLength(60);
  expect(await pushing).toMatchObject({ rows: 60 });
});

test('that nobody is there is told with how far it came', async () => {
  await expect(pushRows('tcp://127.0.0.1:1', rows(1), { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'unavailable',
    isRetriable: true,
    details: { rows: 0, messages: 0 },
  });
});

test('rtn push sends the rows of a file and tells which lines are none', async () => {
  const { socket, endpoint } = await pullSocket();
  const path = file('{"id":"a"}\n\n{"id":\n[1]\n{"id":"b"}');
  const { code, out, err } = await rtn(['push', path, '--to', endpoint]);
  expect(await received(socket, 2)).toEqual([{ id: 'a' }, { id: 'b' }]);
  expect(out).toBe(`2 rows pushed to ${endpoint} in 1 message\n`);
  expect(err).toContain(`${path}:3: `);
  expect(err).toContain(`${path}:4: expected a JSON object`);
  expect(code).toBe(1);
});

test.each<[string, (path: string) => string[], number, string]>([
  ['no such file', () => ['none.ndjson', '--to', 'tcp://127.0.0.1:1'], 2, 'there is no such file'],
  ['an endpoint that is none', (path) => [path, '--to', 'nowhere'], 2, 'it is no ZeroMQ endpoint'],
  ['no endpoint', (path) => [path], 2, '--to'],
  [
    'a timeout that is none',
    (path) => [path, '--to', 'tcp://127.0.0.1:1', '--timeout', 'soon'],
    2,
    'whole number',
  ],
  [
    'nobody there',
    (path) => [path, '--to', 'tcp://127.0.0.1:1', '--timeout', '1'],
    1,
    '0 rows were pushed before',
  ],
])('rtn push: %s', async (_, words, expected, message) => {
  const { code, err } = await rtn(['push', ...words(file('{"id":"a"}\n'))]);
  expect(err).toContain(message);
  expect(code).toBe(expected);
});
