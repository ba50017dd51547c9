import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { httpChannel } from '../../src/channels/http.js';
import { COMPONENTS } from '../../src/components.js';
import { runnerFiles } from '../../src/generator/runner-files.js';
import { workTree } from '../../src/git/worktree.js';
import type { Sender } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, Row, SendResult } from '../../src/pipeline/record.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { batchSender } from '../../src/senders/batch.js';
import { httpServer, reply, type SeenRequest } from '../setup/http.js';
import { testRun } from '../setup/run.js';
import { evaluate } from './evaluate.js';

const registry = loadRegistry(workTree(join(import.meta.dirname, '..', '..')), COMPONENTS);

/** The sender of a one-shot runner as it is generated, with the real sender and channel. */
function senderOf(reference: string, params: object, secret: string): Sender {
  const request = { reference, runner: 'one-shot', allowsDrafts: true, components: COMPONENTS };
  const [file] = runnerFiles(registry, request).files;
  const definition = evaluate(file?.text ?? '', { batchSender, httpChannel });
  const context = { inputs: {}, outputs: {}, params, secrets: { [secret]: 'opaque' } };
  return (definition.pipeline(context as never) as unknown as { sender: Sender }).sender;
}

/** Sends rows through it, to the end. */
async function sendAll(sender: Sender, rows: readonly Row[], key: string): Promise<SendResult[]> {
  const queue = new Queue<Message>(rows.length);
  queue.trySendMany(rows.map((row, position) => ({ id: String(row[key]), position, recipient: null, row })));
  queue.close();
  const results = new Queue<SendResult>(rows.length);
  const signal = new AbortController().signal;
  await sender.open(testRun());
  await sender.send(queue, results, {
    signal,
    counts: newCounts(),
    stop: (error) => {
      throw error;
    },
  });
  await sender.close();
  results.close();
  const all: SendResult[] = [];
  for (let result = results.tryReceive(); result !== undefined; result = results.tryReceive())
    all.push(result);
  return all.sort((a, b) => a.position - b.position);
}

type Item = Readonly<Record<string, unknown>>;

/** A provider of batches: the same id is busy at first, then taken, however often it comes. Counts what is in it at once. */
async function provider(list: string, results: string | undefined, taken: string) {
  const seen = new Set<string>();
  const receipts = new Map<string, number>();
  let inFlight = 0;
  const watch = { most: 0, batches: [] as number[] };
  const server = await httpServer((request: SeenRequest, response) => {
    watch.most = Math.max(watch.most, ++inFlight);
    const items = (JSON.parse(request.body) as Record<string, Item[]>)[list] ?? [];
    watch.batches.push(items.length);
    const outcomes = items.map((item) => {
      const id = String(item.id);
      const isBusy = id.endsWith('7') && !seen.has(id);
      seen.add(id);
      if (!isBusy) receipts.set(id, (receipts.get(id) ?? 0) + 1);
      return { id, status: isBusy ? 'busy' : taken };
    });
    setTimeout(() => {
      inFlight--;
      if (results === undefined) response.writeHead(204).end();
      else reply(response, 207, { [results]: outcomes.reverse() });
    }, 5);
  });
  return { ...server, receipts, watch };
}

const COUNT = 250;
const rowsOf = (make: (id: string) => Row) =>
  Array.from({ length: COUNT }, (_, index) => make(`id-${index}`));

describe('an operation of batches, as it is generated, sends to a real server', () => {
  test.each<[string, string, string, string | undefined, string, string, (id: string) => Row]>([
    [
      'coupons_activate',
      'COUPONS_TOKEN',
      'items',
      'results',
      'ok',
      'activation_id',
      (id) => ({ activation_id: id, user_id: 'u', coupon: 'c' }),
    ],
    [
      'taximeter_wall',
      'FEED_TOKEN',
      'posts',
      'posts',
      'created',
      'post_id',
      (id) => ({ post_id: id, driver_id: 'd', title: 'ё "x"', text: '\ud800' }),
    ],
    [
      'taxi_exp',
      'EXPERIMENTS_TOKEN',
      'memberships',
      'memberships',
      'ok',
      'membership_id',
      (id) => ({ membership_id: id, user_id: 'u', experiment: 'e', group: 'g' }),
    ],
    [
      'taxi_upload',
      'AUDIENCE_TOKEN',
      'users',
      undefined,
      '',
      'user_id',
      (id) => ({ user_id: id, tags: ['a'] }),
    ],
  ])('%s', async (name, secret, list, results, taken, key, make) => {
    const server = await provider(list, results, taken);
    const params = { endpoint: server.origin, max_items: 100, list: 'city_launch' };
    const logged = await sendAll(senderOf(name, params, secret), rowsOf(make), key);
    expect(logged.map(({ messageId }) => messageId)).toEqual(rowsOf(make).map((row) => row[key]));
    expect(new Set(logged.map(({ outcome }) => outcome))).toEqual(new Set(['sent']));
    // Each was carried out once, and one request at a time carried them.
    const carriedOut = results === undefined ? 225 : COUNT;
    expect([...server.receipts.values()]).toEqual(Array(carriedOut).fill(1));
    expect(server.watch.most).toBe(1);
    expect(server.watch.batches.slice(0, 3)).toEqual([
      100,
      100,
      results === undefined ? 50 : expect.any(Number),
    ]);
    // Only what was busy went again.
    expect(server.watch.batches.reduce((sum, size) => sum + size)).toBe(results === undefined ? 250 : 275);
    for (const { headers } of server.requests) {
      expect(headers.authorization).toBe('Bearer opaque');
      expect(headers['idempotency-key']).toMatch(/^[\w-]{43}$/);
    }
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a post without what a row may lack lacks it, too', async () => {
    const server = await provider('posts', 'posts', 'created');
    const params = { endpoint: server.origin, max_items: 100 };
    const row = { post_id: 'p', driver_id: 'd', title: 't', text: 'x' };
    await sendAll(senderOf('taximeter_wall', params, 'FEED_TOKEN'), [row], 'post_id');
    expect(server.requests[0]?.body).toBe('{"posts":[{"id":"p","driver":"d","title":"t","text":"x"}]}');
  });
});
