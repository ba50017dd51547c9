import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Pull, Subscriber } from 'zeromq';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming } from '../../src/pipeline/record.js';
import { type PushOptions, pushRows } from '../../src/readers/push-rows.js';
import { zmq } from '../../src/readers/zmq.js';
import { rtn } from '../setup/rtn.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';
import { file, ROW, rowsOf } from './drain.js';

// Both ends of a stream as the package has them: rows that are pushed, and the reader of a service that connects to who
// pushes, or subscribes. Real sockets.

const newEndpoint = () => `ipc://${join(temporaryFolder(), 'socket')}`;
const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `m${index}` }));

/** The reader of a service at work; `received` is what it has handed over so far. */
async function service(options: Parameters<typeof zmq>[1]) {
  const reader = zmq({ name: 'rows', key: 'id', row: ROW, location: undefined }, options);
  const ending = new AbortController();
  await reader.open(testRun());
  const queue = new Queue<Incoming>(1_000);
  const received: Incoming[] = [];
  const reading = reader.read(queue, ending.signal).finally(() => queue.close());
  const taking = (async () => {
    for (let some = await queue.receiveMany(100); some.length > 0; some = await queue.receiveMany(100))
      received.push(...some);
  })();
  onTestFinished(async () => {
    ending.abort();
    await Promise.all([reading, taking]);
    await reader.close();
  });
  return { received: () => rowsOf({ records: received }) };
}

describe('rows reach a service', () => {
  test.each<[string, PushOptions, Omit<Parameters<typeof zmq>[1], 'endpoint'>]>([
    ['binds and pulls', {}, {}],
    ['connects and pulls', { mode: 'bind' }, { mode: 'connect' }],
    ['connects and subscribes', { mode: 'bind', socket: 'pub' }, { mode: 'connect', socket: 'sub' }],
    ['binds and subscribes', { socket: 'pub' }, { socket: 'sub' }],
    [
      'subscribes to what a topic begins with',
      { mode: 'bind', socket: 'pub', topic: 'push.drivers' },
      { mode: 'connect', socket: 'sub', topic: 'push.' },
    ],
  ])('that %s, all of them and in order', async (_, push, read) => {
    const endpoint = newEndpoint();
    const { received } = await service({ endpoint, ...read });
    expect(await pushRows(endpoint, rows(2_000), push)).toEqual({
      rows: 2_000,
      messages: 20,
      disconnects: 0,
    });
    await expect.poll(() => received().length).toBe(2_000);
    expect(received()).toEqual(rows(2_000));
  });

  test('that starts after who pushes to it', async () => {
    const endpoint = newEndpoint();
    const pushing = pushRows(endpoint, rows(300), { mode: 'bind', socket: 'pub' });
    const { received } = await service({ endpoint, mode: 'connect', socket: 'sub' });
    expect(await pushing).toMatchObject({ rows: 300 });
    await expect.poll(() => received().length).toBe(300);
  });
});

test('services that connect share the rows that are pushed, and each has all that are published', async () => {
  const [shared, published] = [newEndpoint(), newEndpoint()];
  const pulls = [1, 2].map(() => service({ endpoint: shared, mode: 'connect' }));
  const subs = [1, 2].map(() => service({ endpoint: published, mode: 'connect', socket: 'sub' }));
  const [left, right] = await Promise.all(pulls);
  const subscribed = await Promise.all(subs);
  await pushRows(shared, rows(1_000), { mode: 'bind', rowsPerMessage: 10 });
  await pushRows(published, rows(1_000), { mode: 'bind', socket: 'pub', subscribers: 2 });
  const both = () => [...(left?.received() ?? []), ...(right?.received() ?? [])];
  await expect.poll(() => both().length).toBe(1_000);
  expect(new Set(both().map((row) => JSON.stringify(row))).size).toBe(1_000);
  for (const { received } of subscribed) {
    await expect.poll(() => received().length).toBe(1_000);
    expect(received()).toEqual(rows(1_000));
  }
});

test('what is published waits for a subscriber that is full, and is not dropped', async () => {
  const endpoint = newEndpoint();
  const socket = new Subscriber({ receiveHighWaterMark: 1, receiveTimeout: 5_000 });
  onTestFinished(() => socket.close());
  socket.subscribe();
  socket.connect(endpoint);
  let made = 0;
  async function* source() {
    // Large enough that the kernel's buffers do not hide it.
    for (; made < 60; made++) yield { id: `${made}${'x'.repeat(1_000_000)}` };
  }
  const pushing = pushRows(endpoint, source(), { mode: 'bind', socket: 'pub', rowsPerMessage: 1 });
  const seen: number[] = [];
  while (seen.length < 60) {
    const [frame] = await socket.receive();
    seen.push(Number.parseInt(JSON.parse(String(frame)).id, 10));
    expect(made - seen.length).toBeLessThan(20);
  }
  expect(seen).toEqual(Array.from({ length: 60 }, (_, index) => index));
  expect(await pushing).toMatchObject({ rows: 60 });
});

describe('rtn push', () => {
  test('publishes a file where services connect, once two have subscribed', async () => {
    const endpoint = newEndpoint();
    const options = { endpoint, mode: 'connect', socket: 'sub', topic: 'push.' } as const;
    const services = await Promise.all([service(options), service(options)]);
    const flags = ['--bind', '--publish', '--topic', 'push.drivers', '--subscribers', '2'];
    const pushed = await rtn(['push', file('{"id":"a"}\n{"id":"b"}\n'), '--to', endpoint, ...flags]);
    expect(pushed).toEqual({ code: 0, out: `2 rows pushed to ${endpoint} in 1 message\n`, err: '' });
    for (const { received } of services) await expect.poll(received).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  test.each<[string, string[], number, string]>([
    ['nobody connects', ['--bind'], 1, '0 rows were pushed before'],
    ['nobody subscribes', ['--bind', '--publish'], 1, 'has 0 of 1 subscribers, and no more came'],
    ['fewer subscribe', ['--bind', '--publish', '--subscribers', '3'], 1, 'has 0 of 3 subscribers'],
    ['a topic is not published', ['--topic', 'push.'], 2, '--topic and --subscribers go with --publish'],
  ])('tells that %s', async (_, flags, expected, message) => {
    const words = [file('{"id":"a"}\n'), '--to', newEndpoint(), '--timeout', '1', ...flags];
    const { code, err } = await rtn(['push', ...words]);
    expect(err).toContain(message);
    expect(code).toBe(expected);
  });

  test('tells which topic a service asks for instead', async () => {
    const endpoint = newEndpoint();
    await service({ endpoint, mode: 'connect', socket: 'sub', topic: 'sms.' });
    const flags = ['--to', endpoint, '--timeout', '1', '--bind', '--publish', '--topic', 'push.drivers'];
    const { code, err } = await rtn(['push', file('{"id":"a"}\n'), ...flags]);
    expect(err).toContain('a service asks for the topic "sms."');
    expect(code).toBe(1);
  });

  test('tells that somebody else listens where it was to bind', async () => {
    const other = new Pull();
    onTestFinished(() => other.close());
    await other.bind('tcp://127.0.0.1:*');
    const { code, err } = await rtn(['push', file('{}'), '--to', other.lastEndpoint ?? '', '--bind']);
    expect(err).toContain('is taken: something listens there');
    expect(code).toBe(2);
  });
});
