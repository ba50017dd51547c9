import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type HttpChannelOptions, httpChannel } from '../../src/channels/http.js';
import type { SendControl, Sender } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import type { PipelineRunner } from '../../src/runtime/definition.js';
import { Renewal } from '../../src/runtime/renewal.js';
import { asyncSender } from '../../src/senders/async.js';
import { batchSender } from '../../src/senders/batch.js';
import { drain, messagesOf } from '../senders/provider.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';

const outcomes = { sent: [200], refresh: [401] };
type Options = Pick<HttpChannelOptions, 'url' | 'headers' | 'outcomes'>;

const SENDERS: readonly (readonly [string, (options: Options) => Sender])[] = [
  ['one request a message', (options) => asyncSender({ channel: httpChannel(options) })],
  [
    'batches',
    (options) =>
      batchSender({
        maxItems: 10,
        lingerMs: 0,
        channel: httpChannel({ ...options, body: (items: unknown) => ({ items }), each: (row) => row }),
      }),
  ],
];

/** Sends 50 messages to a provider whose token changes after its third answer; `rotate` then gets the file of the token. */
async function send(make: (options: Options) => Sender, rotate: (file: string) => void) {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, 'token-1\n');
  let accepted = 'token-1';
  let answered = 0;
  const { origin, requests } = await httpServer(({ headers }, response) => {
    if (++answered === 4) {
      accepted = 'token-2';
      rotate(file);
    }
    reply(response, headers.authorization === `Bearer ${accepted}` ? 200 : 401);
  });
  const pipeline: PipelineRunner['pipeline'] = ({ secrets }) =>
    ({
      sender: make({ url: origin, headers: { authorization: `Bearer ${secrets.TOKEN}` }, outcomes }),
    }) as never;
  const context = { inputs: {}, outputs: {}, params: {}, secrets: { TOKEN: 'token-1' } };
  const definition = { secrets: { TOKEN: {} }, pipeline } as unknown as PipelineRunner;
  const renewal = new Renewal(definition, context, { TOKEN_FILE: file });
  const { sender } = pipeline(context);
  await sender.open(testRun({ renewed: () => renewal.channel() }));
  const [messages, results] = [new Queue<Message>(50), new Queue<SendResult>(50)];
  messages.trySendMany(messagesOf(50));
  messages.close();
  const stop = new AbortController();
  let stopped: Error | undefined;
  const control: SendControl = {
    signal: stop.signal,
    counts: newCounts(),
    stop(error) {
      stopped ??= error;
      stop.abort();
    },
  };
  const { left } = await sender.send(messages, results, control);
  await sender.close();
  return { renewal, requests, stopped, left: left + messages.length, logged: await drain(results) };
}

describe.each(SENDERS)('a provider that refuses the old token, by %s', (_, make) => {
  test('gets the new one from the file, and every message is sent', async () => {
    const { logged, stopped, requests, renewal } = await send(make, (file) =>
      writeFileSync(file, 'token-2\n'),
    );
    expect(stopped).toBeUndefined();
    expect(logged.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 50 }, () => 'sent'));
    expect(new Set(requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer token-1', 'Bearer token-2']),
    );
    expect([...renewal.secretNames]).toEqual([
      ['token-1', 'TOKEN'],
      ['token-2', 'TOKEN'],
    ]);
  });

  test.each<[string, (file: string) => void]>([
    ['has not changed', () => {}],
    ['is empty', (file) => writeFileSync(file, '')],
    ['has another wrong one', (file) => writeFileSync(file, 'token-3')],
  ])('ends the run when the file %s', async (__, rotate) => {
    const { stopped, logged, left } = await send(make, rotate);
    expect(stopped).toMatchObject({ code: 'credentials' });
    expect(logged.length + left).toBe(50);
    expect(left).toBeGreaterThan(0);
  });
});
