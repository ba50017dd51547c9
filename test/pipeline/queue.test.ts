import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Queue } from '../../src/pipeline/queue.js';

/** Whether a promise has settled by the time every microtask that can run has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('capacity', () => {
  test.each([-1, 1.5, Number.NaN])('%s is refused', (capacity) => {
    expect(() => new Queue(capacity)).toThrow('whole number from 0');
  });

  test.each([0, 1, 3])('of %i admits exactly that many without a receiver', async (capacity) => {
    const queue = new Queue<number>(capacity);
    expect(queue.trySendMany([1, 2, 3, 4, 5])).toBe(capacity);
    expect(queue.length).toBe(capacity);
    expect(await isSettled(queue.send(6))).toBe(false);
    expect(queue.length).toBe(capacity);
  });

  test('0 is a rendezvous: a send ends when its item is received', async () => {
    const queue = new Queue<string>(0);
    const sending = queue.send('a');
    expect(await isSettled(sending)).toBe(false);
    expect(await queue.receive()).toBe('a');
    expect(await sending).toBe(true);
  });

  test('0 hands over to a waiting receiver without a promise', async () => {
    const queue = new Queue<string>(0);
    const receiving = queue.receive();
    expect(queue.trySend('a')).toBe(true);
    expect(queue.trySend('b')).toBe(false);
    expect(await receiving).toBe('a');
  });
});

describe('order', () => {
  test('waiting senders are served in the order they came', async () => {
    const queue = new Queue<string>(1);
    await queue.send('a');
    const waiting = [queue.send('b'), queue.sendMany(['c', 'd']), queue.send('e')];
    expect(await queue.receiveMany(10)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await Promise.all(waiting)).toEqual([true, 2, true]);
  });

  test('waiting receivers are served in the order they came', async () => {
    const queue = new Queue<number>(4);
    const waiting = [queue.receive(), queue.receiveMany(2), queue.receive()];
    queue.trySendMany([1, 2, 3, 4, 5]);
    expect(await Promise.all(waiting)).toEqual([1, [2, 3], 4]);
    expect(queue.tryReceive()).toBe(5);
  });
});

describe('sendMany', () => {
  test('admits what fits and waits with the rest', async () => {
    const queue = new Queue<number>(2);
    const sending = queue.sendMany([1, 2, 3, 4]);
    expect(queue.length).toBe(2);
    expect(queue.tryReceive()).toBe(1);
    expect(await isSettled(sending)).toBe(false);
    expect(queue.tryReceive()).toBe(2);
    expect(await sending).toBe(4);
    expect(await queue.receiveMany(9)).toEqual([3, 4]);
  });
});

describe('receiveMany', () => {
  test('takes what is there, without lingering for more', async () => {
    const queue = new Queue<number>(5);
    queue.trySendMany([1, 2, 3]);
    expect(await queue.receiveMany(2)).toEqual([1, 2]);
    expect(await queue.receiveMany(2)).toEqual([3]);
    expect(await isSettled(queue.receiveMany(2))).toBe(false);
  });
});

describe('aborting', () => {
  test('a waiting send enqueues nothing', async () => {
    const queue = new Queue<string>(1);
    const abort = new AbortController();
    await queue.send('a');
    const sending = queue.send('b', abort.signal);
    abort.abort();
    expect(await sending).toBe(false);
    queue.close();
    expect(await queue.receiveMany(9)).toEqual(['a']);
    expect(queue.admitted).toBe(1);
  });

  test('a waiting sendMany tells how many it had admitted', async () => {
    const queue = new Queue<number>(2);
    const abort = new AbortController();
    const sending = queue.sendMany([1, 2, 3, 4], abort.signal);
    queue.tryReceive();
    abort.abort();
    expect(await sending).toBe(3);
    queue.close();
    expect(await queue.receiveMany(9)).toEqual([2, 3]);
  });

  test('a waiting receive loses nothing', async () => {
    const queue = new Queue<string>(0);
    const abort = new AbortController();
    const receiving = queue.receive(abort.signal);
    abort.abort();
    expect(await receiving).toBeUndefined();
    const sending = queue.send('a');
    expect(await queue.receive()).toBe('a');
    expect(await sending).toBe(true);
  });

  test('before the call sends and receives nothing', async () => {
    const queue = new Queue<number>(3);
    expect(await queue.sendMany([1, 2], AbortSignal.abort())).toBe(0);
    queue.trySend(7);
    expect(await queue.receiveMany(9, AbortSignal.abort())).toEqual([]);
    expect(queue.length).toBe(1);
  });
});

describe('closing', () => {
  test('lets what is buffered drain, then receivers see the end', async () => {
    const queue = new Queue<string>(2);
    queue.trySendMany(['a', 'b']);
    queue.close();
    queue.close();
    expect(queue.isDone).toBe(false);
    expect(await queue.receive()).toBe('a');
    expect(await queue.receive()).toBe('b');
    expect(queue.isDone).toBe(true);
    expect(await queue.receive()).toBeUndefined();
    expect(await queue.receiveMany(3)).toEqual([]);
  });

  test('wakes every waiting receiver with the end', async () => {
    const queue = new Queue<string>(2);
    const waiting = [queue.receive(), queue.receiveMany(3)];
    queue.close();
    expect(await Promise.all(waiting)).toEqual([undefined, []]);
  });

  test('makes every further send a bug', async () => {
    const queue = new Queue<string>(2);
    queue.close();
    expect(() => queue.trySend('a')).toThrow('closed queue');
    await expect(queue.send('a')).rejects.toThrow('closed queue');
  });

  test('while a send waits is a bug that the sender hears of', async () => {
    const queue = new Queue<string>(0);
    const sending = queue.send('a');
    queue.close();
    await expect(sending).rejects.toThrow('while a send waited');
  });
});

describe('whenReadable', () => {
  test('calls once, however often the same listener is registered', () => {
    const queue = new Queue<number>(2);
    let calls = 0;
    const listener = () => {
      calls++;
    };
    queue.whenReadable(listener);
    queue.whenReadable(listener);
    queue.trySend(1);
    queue.trySend(2);
    expect(calls).toBe(1);
  });

  test('lets a listener that takes everything register again, for the next item', () => {
    const queue = new Queue<number>(2);
    const taken: number[] = [];
    const listener = () => {
      for (let item = queue.tryReceive(); item !== undefined; item = queue.tryReceive()) taken.push(item);
      queue.whenReadable(listener);
    };
    queue.whenReadable(listener);
    queue.trySend(1);
    queue.trySend(2);
    expect(taken).toEqual([1, 2]);
  });

  test.each<[string, (queue: Queue<number>) => void]>([
    ['an item is buffered', (queue) => void queue.trySendMany([1, 2])],
    ['a sender waits', (queue) => void queue.sendMany([1, 2])],
    ['the queue is closed', (queue) => queue.close()],
  ])('calls when %s, whether that comes before or after registering', (_, act) => {
    for (const capacity of [0, 1]) {
      for (const isActFirst of [true, false]) {
        const queue = new Queue<number>(capacity);
        let calls = 0;
        const listener = () => {
          calls++;
        };
        if (!isActFirst) queue.whenReadable(listener);
        act(queue);
        if (isActFirst) queue.whenReadable(listener);
        const isNothingThere = !queue.isClosed && queue.length === 0 && queue.tryReceive() === undefined;
        expect(calls).toBe(isNothingThere ? 0 : 1);
      }
    }
  });
});

test('whatever is sent and aborted, everything admitted is received once and in order', async () => {
  const step = fc.record({
    kind: fc.constantFrom('send', 'abortedSend', 'receive'),
    count: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 4 }),
      fc.array(step, { maxLength: 40 }),
      async (capacity, steps) => {
        const queue = new Queue<number>(capacity);
        const received: number[] = [];
        const sends: Promise<number>[] = [];
        let next = 1;
        for (const { kind, count } of steps) {
          if (kind === 'receive') {
            for (let taken = 0; taken < count; taken++) {
              const item = queue.tryReceive();
              if (item !== undefined) received.push(item);
            }
            continue;
          }
          const items = Array.from({ length: count }, () => next++);
          const abort = new AbortController();
          sends.push(queue.sendMany(items, abort.signal));
          if (kind === 'abortedSend') abort.abort();
          expect(queue.length).toBeLessThanOrEqual(capacity);
        }
        for (let item = queue.tryReceive(); item !== undefined; item = queue.tryReceive())
          received.push(item);
        const admitted = (await Promise.all(sends)).reduce((sum, count) => sum + count, 0);
        queue.close();
        expect(received).toEqual([...received].sort((a, b) => a - b));
        expect(received.length).toBe(admitted);
        expect(queue.admitted).toBe(admitted);
      },
    ),
  );
});

test('a listener that takes out at once what is put in leaves no send waiting beside an empty queue', async () => {
  const queue = new Queue<number>(2);
  const received: number[] = [];
  const drain = () => {
    for (let item = queue.tryReceive(); item !== undefined; item = queue.tryReceive()) received.push(item);
    expect(queue.isReadable).toBe(false);
    queue.whenReadable(drain);
  };
  queue.whenReadable(drain);
  expect(await queue.sendMany([1, 2, 3, 4, 5])).toBe(5);
  expect(received).toEqual([1, 2, 3, 4, 5]);
});

describe('a hundred thousand messages through capacity 0', () => {
  const items = Array.from({ length: 100_000 }, (_, index) => index);

  test('one at a time to a listener that takes one and registers again', async () => {
    const queue = new Queue<number>(0);
    const received: number[] = [];
    const takeOne = () => {
      const item = queue.tryReceive();
      if (item !== undefined) received.push(item);
      if (!queue.isDone) queue.whenReadable(takeOne);
    };
    queue.whenReadable(takeOne);
    expect(await queue.sendMany(items)).toBe(items.length);
    expect(received).toEqual(items);
  });

  test('one at a time from senders that all wait, to one receiver', async () => {
    const queue = new Queue<number>(0);
    const sending = Promise.all(items.map((item) => queue.send(item)));
    const received: number[] = [];
    while (received.length < items.length) received.push(...(await queue.receiveMany(7)));
    expect((await sending).every((isAdmitted) => isAdmitted)).toBe(true);
    expect(received).toEqual(items);
  });

  test('to receivers that all wait', async () => {
    const queue = new Queue<number>(0);
    const receiving = Promise.all(items.map(() => queue.receive()));
    expect(queue.trySendMany(items)).toBe(items.length);
    expect(await receiving).toEqual(items);
  });

  test('each sent by a listener to the next queue', async () => {
    const [first, second] = [new Queue<number>(0), new Queue<number>(0)];
    const forward = () => {
      const item = first.tryReceive();
      if (item === undefined) first.whenReadable(forward);
      else void second.send(item).then(() => first.isDone || first.whenReadable(forward));
    };
    first.whenReadable(forward);
    const sending = first.sendMany(items);
    const received: number[] = [];
    while (received.length < items.length) received.push(...(await second.receiveMany(100)));
    expect(await sending).toBe(items.length);
    expect(received).toEqual(items);
  });
});
