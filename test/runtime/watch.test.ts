import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Ending } from '../../src/pipeline/ending.js';
import { Outstanding } from '../../src/pipeline/outstanding.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { openWatch } from '../../src/runtime/watch.js';

const LABELS = { operation: 'driver_push', version: '1.4.10', runner: 'service' };
const QUEUE = { length: 3, capacity: 512 };
const RESULT: SendResult = {
  outcome: 'sent',
  messageId: 'm1',
  position: 1,
  recipient: 'd1',
  channel: 'http',
  attempts: 2,
  httpStatus: 200,
  providerId: null,
  errorCode: null,
  errorText: null,
  suppress: false,
  startedAtMs: 1_000,
  finishedAtMs: 1_300,
};

async function watching() {
  const sources = {
    clock: new VirtualClock(),
    counts: newCounts(),
    outstanding: new Outstanding(),
    labels: LABELS,
  };
  const ending = new Ending();
  const watch = await openWatch({ host: '127.0.0.1', port: 0 }, ending, sources);
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await watch.close();
    isClosed = true;
  };
  onTestFinished(close);
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${watch.origin}${path}`, init);
    return [response.status, (await response.text()).trim()];
  };
  return { ...sources, ending, watch, get, close };
}

test('ready is from when everything is open until an end is asked for; alive is always', async () => {
  const { watch, ending, get, close } = await watching();
  expect(await get('/readyz')).toEqual([503, 'opening']);
  watch.started({ incoming: QUEUE, messages: QUEUE, results: QUEUE });
  expect(await get('/readyz')).toEqual([200, 'ready']);
  ending.end('SIGTERM');
  expect(await get('/readyz')).toEqual([503, 'draining']);
  expect(await get('/healthz')).toEqual([200, 'ok']);
  await close();
  await expect(get('/healthz')).rejects.toThrow();
});

test('a Stop is no longer ready either', async () => {
  const { watch, ending, get } = await watching();
  watch.started({ incoming: QUEUE, messages: QUEUE, results: QUEUE });
  ending.stop('log', new Error('gone') as never);
  expect(await get('/readyz')).toEqual([503, 'draining']);
});

test('the metrics say where the run stands, and name nobody', async () => {
  const { watch, counts, clock, outstanding, get } = await watching();
  outstanding.take([{ position: 1, row: { id: 'm1' } }], clock.monotonic());
  await clock.advance(500);
  outstanding.take(
    [
      { position: 2, row: { id: 'm2' } },
      { position: 3, malformed: '{' },
    ],
    clock.monotonic(),
  );
  await clock.advance(1_000);
  Object.assign(counts, { read: 3, attempts: 7, retries: 4, inFlight: 2, throttled: 1 });
  counts.logged.sent = 1;
  watch.started({
    incoming: QUEUE,
    messages: { ...QUEUE, length: 0 },
    results: { length: 9, capacity: 8_192 },
  });
  watch.sees({ limit: 20, breaker: 'half-open', waitMs: () => 1_500 });
  watch.metrics.note([RESULT, { ...RESULT, outcome: 'rejected', attempts: 0 }]);
  outstanding.settle([RESULT]);
  for (let time = 0; time < 2; time++) {
    const [status, text] = await get('/metrics');
    expect(status).toBe(200);
    for (const line of [
      'rtn_info{operation="driver_push",version="1.4.10",runner="service"} 1',
      'rtn_rows_read_total 3',
      'rtn_results_total{outcome="sent"} 1',
      'rtn_results_total{outcome="failed"} 0',
      'rtn_requests_total 7',
      'rtn_retries_total 4',
      'rtn_throttled_total 1',
      'rtn_in_flight 2',
      'rtn_in_flight_limit 20',
      'rtn_limiter_wait_seconds 1.5',
      'rtn_breaker_state 1',
      'rtn_queue_length{queue="incoming"} 3',
      'rtn_queue_capacity{queue="results"} 8192',
      'rtn_send_duration_seconds_bucket{le="0.25"} 0',
      'rtn_send_duration_seconds_bucket{le="0.5"} 1',
      'rtn_send_duration_seconds_count 1',
      'rtn_unlogged_rows 2',
      'rtn_oldest_unlogged_seconds 1',
    ])
      expect(String(text).split('\n')).toContain(line);
    expect(text).not.toMatch(/m1|d1/);
  }
});

test.each([
  ['another path', '/', {}, 404],
  ['another method', '/healthz', { method: 'POST', body: 'x' }, 405],
  ['a query', '/healthz?verbose', {}, 200],
])('%s is answered with %s', async (_, path, init, status) => {
  const { get } = await watching();
  expect((await get(path, init))[0]).toBe(status);
});

test('a port in use is told with the flag', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const sources = {
    clock: new VirtualClock(),
    counts: newCounts(),
    outstanding: new Outstanding(),
    labels: LABELS,
  };
  await expect(openWatch({ host: '127.0.0.1', port }, new Ending(), sources)).rejects.toMatchObject({
    code: 'configuration',
    message: `--health-port: nothing can listen on 127.0.0.1:${port}: EADDRINUSE`,
  });
});
