import { describe, expect, test } from 'vitest';
import { type HttpChannelOptions, httpChannel } from '../../src/channels/http.js';
import { generateRunner } from '../../src/generator/runner.js';
import type { Answer } from '../../src/pipeline/contract.js';
import type { Row } from '../../src/pipeline/record.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';
import { couponsActivate, driverPush, driverPushOfTwo } from './driver-push.js';
import { channelOptions, evaluate, forRow } from './evaluate.js';

/** Texts that try to leave the place they are written to. */
const ATTACKS: readonly [name: string, text: string][] = [
  ['single quotes', "';process.exit(1);'"],
  ['double quotes', '");process.exit(1);("'],
  ['backticks', '`+process.exit(1)+`'],
  ['an escaped literal', '$${process.exit(1)}'],
  ['a dollar at the end', 'a$'],
  ['backslashes', '\\\\\\'],
  ['the end of a comment', '*/ process.exit(1) /*'],
  ['line ends', 'a\r\nb\nc'],
  ['line separators', 'a\u2028b\u2029c'],
  ['a lone surrogate', '\ud800'],
  ['a surrogate pair the wrong way', '\udc00\ud800'],
  ['a right-to-left override', '\u202egnp.exe'],
  ['the end of a script', '</script><!--'],
  ['a template of a template', '{{operation}}{{{raw}}}{{#if x}}'],
  ['a megabyte', 'x'.repeat(1_000_000)],
];

/** What the text means once `$${` is read. */
const meant = (text: string) => text.replaceAll('$${', '${');

/** The channel of driver_push, as it is generated, with some keys replaced. */
function generated(config: Readonly<Record<string, unknown>>): string {
  return generateRunner(
    driverPush('one-shot', (document) => Object.assign(document.runners['one-shot'].sender.channel, config)),
  );
}

describe('a generated module means what the document says', () => {
  test.each(ATTACKS)('with %s in a constant, a longer text and a key', (_, text) => {
    const body = {
      constant: text,
      longer: `${text}|\${row.title}|${text}`,
      [meant(text)]: { [meant(text)]: 1 },
    };
    const options = channelOptions(generated({ body }));
    expect(forRow(options.body, { title: text })).toEqual({
      constant: meant(text),
      longer: `${meant(text)}|${text}|${meant(text)}`,
      [meant(text)]: { [meant(text)]: 1 },
    });
  });

  test.each(ATTACKS)('with %s inside each and around it', (_, text) => {
    const module = generateRunner(
      couponsActivate((document) => {
        const { channel } = document.runners['one-shot'].sender;
        channel.body = { [meant(text)]: text, items: { each: { [meant(text)]: `${text}|\${row.coupon}` } } };
      }),
    );
    const { body, each } = channelOptions(module) as Pick<HttpChannelOptions, 'body' | 'each'>;
    expect((body as (items: unknown) => unknown)('LIST')).toEqual({
      [meant(text)]: meant(text),
      items: 'LIST',
    });
    expect(each?.({ coupon: text })).toEqual({ [meant(text)]: `${meant(text)}|${text}` });
  });

  test.each(ATTACKS)('with %s in the rules of outcomes', (_, text) => {
    const outcomes = { sent: [200], rules: [{ at: `/${text}`, is: [text], class: 'retry' }] };
    const said = JSON.parse(JSON.stringify(outcomes).replaceAll('$${', '${')) as unknown;
    expect(channelOptions(generated({ outcomes })).outcomes).toEqual(said);
  });

  test('whose keys are __proto__ has them as keys, and no other prototype', () => {
    const body = JSON.parse('{"__proto__": {"polluted": true}, "t": "${row.title}"}') as object;
    const made = forRow(channelOptions(generated({ body })).body, { title: 't' });
    expect(JSON.stringify(made)).toBe('{"__proto__":{"polluted":true},"t":"t"}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', "a'b", 'a`b', '*/'])(
    'that chooses by the key %j chooses only what is there',
    (key) => {
      const request = driverPushOfTwo();
      const document = request.operation as {
        runners: Record<string, { sender: { channel: Record<string, unknown> } }>;
      };
      const channel = document.runners['one-shot']?.sender.channel;
      if (channel === undefined) throw new Error('no channel');
      const { backup, ...rest } = channel;
      Object.defineProperty(rest, key, { value: backup, enumerable: true });
      const runner = document.runners['one-shot'];
      if (runner) runner.sender.channel = rest;
      const { pipeline } = evaluate(generateRunner(request));
      const with_ = (provider: string) => () =>
        pipeline({ inputs: {}, outputs: {}, params: { provider }, secrets: {} } as never);
      expect(with_(key)).not.toThrow();
      expect(with_('toString')).toThrow("there is no choice 'toString'");
    },
  );
});

describe('a row', () => {
  /** Sends one row through the generated channel to a real server. */
  async function send(config: Readonly<Record<string, unknown>>, row: Row) {
    const server = await httpServer((_, response) => reply(response, 200));
    const context = { params: { endpoint: server.origin }, secrets: { PUSH_TOKEN: 't' } };
    const channel = httpChannel(channelOptions(generated(config), context) as unknown as HttpChannelOptions);
    await channel.open(testRun(), 1);
    const answer: Answer = await channel.send({ id: 'm', position: 0, recipient: null, row });
    await channel.close();
    return { answer, requests: server.requests };
  }

  const URL = { url: '${params.endpoint}/to/${row.title}/send' };

  test.each([
    ['a/b', 'a%2Fb'],
    ['?x=1#y', '%3Fx%3D1%23y'],
    ['..\\..', '..%5C..'],
    ['%2e%2e', '%252e%252e'],
    ['//evil.example', '%2F%2Fevil.example'],
    ['@evil', '%40evil'],
    ['ё\u2028', '%D1%91%E2%80%A8'],
    ['\r\nHost: evil', '%0D%0AHost%3A%20evil'],
  ])('that says %j is one segment of the address', async (title, expected) => {
    const { requests } = await send(URL, { title });
    expect(requests.map(({ path }) => path)).toEqual([`/to/${expected}/send`]);
  });

  test.each(['.', '..', '\ud800'])('that says %j makes no address, and is rejected', async (title) => {
    const { answer, requests } = await send(URL, { title });
    expect(answer).toMatchObject({ class: 'rejected', errorCode: 'unsendable_row' });
    expect(requests).toEqual([]);
  });

  test.each(['a\r\nX-Evil: 1', 'a\nb', '\u0000', 'ё', '\u2028'])(
    'that says %j fits no header, and is rejected',
    async (title) => {
      const { answer, requests } = await send({ headers: { 'x-title': '${row.title}' } }, { title });
      expect(answer).toMatchObject({ class: 'rejected', errorCode: 'unsendable_row' });
      expect(requests).toEqual([]);
    },
  );

  test.each(ATTACKS)('with %s arrives in the body as it is', async (_, title) => {
    const { requests } = await send({ body: { title: '${row.title}' } }, { title });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ title });
  });
});
