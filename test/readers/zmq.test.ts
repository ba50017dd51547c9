import { expect, onTestFinished, test } from 'vitest';
import { Publisher, Pull, Push } from 'zeromq';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming } from '../../src/pipeline/record.js';
import { zmq } from '../../src/readers/zmq.js';
import { testRun } from '../setup/run.js';
import { ROW, rowsOf } from './drain.js';

const INPUT = { name: 'rows', key: 'id', row: ROW, location: undefined };
const ANY_PORT = 'tcp://127.0.0.1:*';

/** A reader at work; `end` ends it and gives all that it handed over. */
async function reading(options: Parameters<typeof zmq>[1], capacity = 1_000) {
  const reader = zmq(INPUT, options);
  onTestFinished(() => reader.close());
  await reader.open(testRun());
  const queue = new Queue<Incoming>(capacity);
  const ending = new AbortController();
  const done = reader.read(queue, ending.signal).finally(() => queue.close());
  const records: Incoming[] = [];
  const take = async (count: number) => {
    while (records.length < count) records.push(...(await queue.receiveMany(count - records.length)));
    return rowsOf({ records });
  };
  const end = async () => {
    ending.abort();
    for (let batch = await queue.receiveMany(100); batch.length > 0; batch = await queue.receiveMany(100))
      records.push(...batch);
    await done;
    return rowsOf({ records });
  };
  return { reader, queue, take, end };
}

function pushSocket(endpoint: string | undefined): Push {
  const socket = new Push({ linger: 1_000, sendTimeout: 5_000 });
  onTestFinished(() => socket.close());
  socket.connect(endpoint ?? '');
  return socket;
}

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ id: `m${from + index}` }));

test.each<[string, string | Buffer, unknown[]]>([
  ['one object', '{"id":"a"}', [{ id: 'a' }]],
  ['one object on several lines', '{\n  "id": "a"\n}\n', [{ id: 'a' }]],
  ['an array', '[{"id":"a"},{"id":"b"}]', [{ id: 'a' }, { id: 'b' }]],
  ['objects on a line each', '{"id":"a"}\r\n\n{"id":"b"}\n', [{ id: 'a' }, { id: 'b' }]],
  ['an integer that would be rounded', '{"id":9007199254740993}', [{ id: 9007199254740993n }]],
  [
    'a broken line among good ones',
    '{"id":"a"}\n{"id":\n{"id":"b"}',
    [
      { id: 'a' },
      expect.stringMatching(/^expected JSON; got 6 characters \(sha256:[0-9a-f]{32}\): \{"(id|··)":$/),
      { id: 'b' },
    ],
  ],
  [
    'something else in an array',
    '[{"id":"a"},17,[1,2]]',
    [{ id: 'a' }, expect.stringContaining('got 2 characters'), expect.stringContaining('got a list of 2')],
  ],
  [
    'a broken object on several lines',
    '{\n"id": "a"\n',
    [expect.stringMatching(/: \{\\n"(id|··)": "·"\\n$/)],
  ],
  [
    'bytes that are no UTF-8',
    Buffer.from('\u001b[31m{"id":"\u00ff"}', 'latin1'),
    [expect.stringMatching(/no UTF-8; got 15 bytes .*: \\u001b\[···\{"(id|··)":"·"\}$/)],
  ],
  ['nothing', '', [expect.stringContaining('; got ')]],
  [
    'a list that is nested too deeply to be written',
    '['.repeat(20_000) + ']'.repeat(20_000),
    [expect.stringContaining('got a list of 1')],
  ],
])('%s: what a message holds comes as rows or as what is malformed', async (_, message, expected) => {
  const { reader, take, end } = await reading({ endpoint: ANY_PORT });
  await pushSocket(reader.pushEndpoint).send(message);
  expect(await take(expected.length)).toEqual(expected);
  expect(await end()).toHaveLength(expected.length);
});

test('of a long malformed message the beginning is outlined', async () => {
  const { reader, take, end } = await reading({ endpoint: ANY_PORT });
  await pushSocket(reader.pushEndpoint).send(`{${'x'.repeat(1_000_000)}`);
  const [reason] = await take(1);
  expect(String(reason).length).toBeLessThan(600);
  expect(reason).toMatch(/1000001 characters .*·…$/);
  await end();
});

test('what a bound socket holds at the end is handed over, though the queue is full', async () => {
  const { reader, queue, end } = await reading({ endpoint: ANY_PORT }, 3);
  const socket = pushSocket(reader.pushEndpoint);
  for (const row of ids(200)) await socket.send(JSON.stringify(row));
  await expect.poll(() => queue.length).toBe(3);
  const handed = await end();
  expect(handed.slice(0, 4)).toEqual(ids(4));
  expect(handed).toEqual(ids(handed.length));
});

test('a sender waits when the socket and the queue are full', async () => {
  const { reader, take, end } = await reading({ endpoint: ANY_PORT, highWaterMark: 5 }, 2);
  const socket = new Push({ linger: 0, sendHighWaterMark: 5, sendTimeout: 0 });
  onTestFinished(() => socket.close());
  socket.connect(reader.pushEndpoint ?? '');
  // Large enough that the kernel's buffers do not hide it.
  const message = JSON.stringify({ id: 'x'.repeat(1_000_000) });
  let sent = 0;
  const fill = async () => {
    for (;;) {
      try {
        await socket.send(message);
        sent++;
      } catch {
        return sent;
      }
    }
  };
  let before = -1;
  await expect
    .poll(
      async () => {
        const [last, now] = [before, await fill()];
        before = now;
        return now > 0 && now === last;
      },
      { interval: 200 },
    )
    .toBe(true);
  expect(sent).toBeLessThan(40);
  await take(10);
  await expect.poll(fill).toBeGreaterThan(before);
  await end();
});

test('a message beyond the limit costs its sender the connection, and nobody else anything', async () => {
  const { reader, take, end } = await reading({ endpoint: ANY_PORT, maxMessageBytes: 100 });
  await pushSocket(reader.pushEndpoint).send(JSON.stringify({ id: 'x'.repeat(1_000) }));
  const good = pushSocket(reader.pushEndpoint);
  await good.send('{"id":"a"}');
  expect(await take(1)).toEqual([{ id: 'a' }]);
  await good.send('{"id":"b"}');
  expect(await take(2)).toEqual([{ id: 'a' }, { id: 'b' }]);
  await end();
});

test('it connects to a PUSH socket that binds, and ends although that one goes on', async () => {
  const socket = new Push({ linger: 0, sendTimeout: 5_000 });
  onTestFinished(() => socket.close());
  await socket.bind(ANY_PORT);
  const { reader, take, end } = await reading({ endpoint: socket.lastEndpoint ?? '', mode: 'connect' });
  expect(reader.pushEndpoint).toBeUndefined();
  for (const row of ids(10)) await socket.send(JSON.stringify(row));
  expect(await take(10)).toEqual(ids(10));
  expect(await end()).toEqual(ids(10));
});

test('it subscribes to a topic, which is no row', async () => {
  const socket = new Publisher({ linger: 0 });
  onTestFinished(() => socket.close());
  await socket.bind(ANY_PORT);
  const { take, end } = await reading({
    endpoint: socket.lastEndpoint ?? '',
    mode: 'connect',
    socket: 'sub',
    topic: 'push.',
  });
  // A PUB socket drops what comes before the subscription has arrived.
  let beat = 0;
  const timer = setInterval(() => {
    void socket
      .send(['other', '{"id":"no"}'])
      .then(() => socket.send(['push.drivers', `{"id":"m${beat++}"}`]))
      .catch(() => {});
  }, 20);
  onTestFinished(() => clearInterval(timer));
  for (const row of await take(2)) expect(row).toEqual({ id: expect.stringMatching(/^m\d+$/) });
  clearInterval(timer);
  await end();
});

test.each<[string, (taken: string) => Parameters<typeof zmq>[1], RegExp]>([
  ['an endpoint in use', (endpoint) => ({ endpoint }), /cannot be received at tcp:.*in use/],
  [
    'an endpoint that is none',
    () => ({ endpoint: 'tcp://nowhere' }),
    /cannot be received at tcp:\/\/nowhere/,
  ],
  ['a topic without sub', () => ({ endpoint: ANY_PORT, topic: 'a' }), /only a sub socket has a topic/],
])('%s is told before anything is read', async (_, options, message) => {
  const other = new Pull();
  onTestFinished(() => other.close());
  await other.bind(ANY_PORT);
  const reader = zmq(INPUT, options(other.lastEndpoint ?? ''));
  onTestFinished(() => reader.close());
  await expect(reader.open(testRun())).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(message),
  });
});
