import { expect, test } from 'vitest';
import { sleep, VirtualClock } from '../../src/clock.js';
import { collectBatch } from '../../src/loggers/batch.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { testDatabase } from '../setup/database.js';
import { logControl } from '../setup/keep.js';
import { openLog } from '../setup/postgres-log.js';
import { sentResult } from '../setup/result.js';

const database = testDatabase();

test('of a stream of results that never pauses, none waits longer than 250 ms for company', async () => {
  const clock = new VirtualClock();
  const queue = new Queue<SendResult>(1_000);
  const waits: number[] = [];
  const collecting = (async () => {
    for (;;) {
      const batch = await collectBatch(queue, clock, { isPressed: false, onPressed: () => {} });
      if (batch.length === 0) return;
      waits.push(...batch.map(({ finishedAtMs }) => clock.now() - finishedAtMs));
    }
  })();
  const sending = (async () => {
    for (let position = 0; position < 1_000; position++) {
      queue.trySend(sentResult(position, { finishedAtMs: clock.now() }));
      await sleep(clock, 7);
    }
    queue.close();
  })();
  await clock.advance(10_000);
  await Promise.all([collecting, sending]);
  expect(waits).toHaveLength(1_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(250);
});

test('a result is durable in Postgres though its queue stays open and no more than 250 ms of waiting pass', async () => {
  const clock = new VirtualClock();
  const log = await openLog('lone_log', database.url, clock);
  const queue = new Queue<SendResult>(10);
  let logging: Promise<void> | undefined;
  const written = new Promise<void>((resolve) => {
    logging = log.log(queue, { ...logControl(), written: () => resolve() });
  });
  queue.trySend(sentResult(0));
  await clock.advance(250);
  await written;
  expect(await database.query('select position from lone_log')).toEqual([{ position: '0' }]);
  queue.close();
  await logging;
});

test('while the sender waits for results to become durable none lingers', async () => {
  const clock = new VirtualClock();
  const queue = new Queue<SendResult>(10);
  const pressure = { isPressed: false, onPressed: () => {} };
  queue.trySend(sentResult(0));
  let collected: readonly SendResult[] | undefined;
  const collecting = collectBatch(queue, clock, pressure).then((batch) => {
    collected = batch;
  });
  await clock.advance(1);
  expect(collected).toBeUndefined();
  pressure.isPressed = true;
  pressure.onPressed();
  await collecting;
  expect(clock.monotonic()).toBe(1);
  expect(collected).toHaveLength(1);
});
