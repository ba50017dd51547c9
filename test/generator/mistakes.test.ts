import { describe, expect, test } from 'vitest';
import { generateRunner } from '../../src/generator/runner.js';
import { driverPush, type OperationDocument } from './driver-push.js';

type Change = (channel: OperationDocument, document: OperationDocument) => void;

/** What generating says after `change`; the empty text when it succeeds. */
function saidAfter(change: Change): string {
  const request = driverPush('one-shot', (document) =>
    change(document.runners['one-shot'].sender.channel, document),
  );
  try {
    generateRunner(request);
    return '';
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'RtnError', code: 'configuration' });
    return (thrown as Error).message;
  }
}

const AT = 'driver_push 1.4.10 (operations/driver_push/1.4.10.yaml): runners.one-shot';

describe('a mistake that generating meets is told with its place', () => {
  test.each<[string, Change, string]>([
    [
      'an unknown component',
      (channel) => void (channel.use = 'htp'),
      `.sender.channel.use: there is no channel 'htp'; known are http`,
    ],
    [
      'no component',
      (channel) => void delete channel.use,
      `.sender.channel.use: got nothing, expected a text`,
    ],
    [
      'an unknown key',
      (channel) => void (channel.metod = 'GET'),
      `.sender.channel.metod: channel 'http' has no such key; did you mean 'method'?`,
    ],
    ['a key left out', (channel) => void delete channel.url, `.sender.channel: channel 'http' needs url`],
    [
      'an unknown param',
      (channel) => void (channel.body = '${params.endpont}'),
      `.sender.channel.body: \${params.endpont} names nothing the operation declares; did you mean 'endpoint'?`,
    ],
    [
      'no reference at all',
      (channel) => void (channel.body = { a: ['${1 + 1}'] }),
      `.sender.channel.body.a.0: '\${1 + 1}' is no reference`,
    ],
    [
      'a row where none is',
      (_, document) => void (document.runners['one-shot'].sender.max_attempts = '${row.n}'),
      `.sender.max_attempts: \${row.n} stands where the value cannot depend on the row`,
    ],
    [
      'a duration without a unit',
      (channel) => void (channel.timeout = 10),
      `.sender.channel.timeout: got 10, expected a duration such as 250ms, 30s, 5m, 1h`,
    ],
    [
      'an unknown input',
      (_, document) => void (document.runners['one-shot'].reader.input = 'recipient'),
      `.reader.input: the operation declares no input 'recipient'; did you mean 'recipients'?`,
    ],
    [
      'a stage left out',
      (_, document) => void delete document.runners['one-shot'].logger,
      `.logger: got nothing, expected a map`,
    ],
    [
      'a stage the template lacks',
      (_, document) => void (document.runners['one-shot'].loger = {}),
      `.loger: template one-shot has no such part; did you mean 'logger'?`,
    ],
    [
      'an input in a longer text',
      (channel) => void (channel.body = 'of ${inputs.recipients}'),
      `.sender.channel.body: got "of \${inputs.recipients}": an input or output cannot be part of a longer text`,
    ],
    [
      'what JSON cannot hold',
      (channel) => void (channel.body = [Number.NaN]),
      `.sender.channel.body.0: got NaN, which JSON cannot hold`,
    ],
  ])('%s', (_, change, expected) => {
    expect(saidAfter(change).startsWith(AT + expected), saidAfter(change)).toBe(true);
  });

  test.each([
    '${row.url}',
    'https://${row.host}/x',
    '//${row.host}/',
    '${params.endpoint}${row.path}',
    'https:${row.x}',
    'https:/\\${row.x}/',
  ])('a row cannot choose the host: %s', (url) => {
    expect(saidAfter((channel) => void (channel.url = url))).toContain('a row value may not choose the host');
  });

  test('an unknown runner and an unknown policy', () => {
    expect(() => generateRunner({ ...driverPush(), runnerName: 'servce' })).toThrow(
      `runners.servce: there is no such runner; did you mean 'service'?`,
    );
    expect(saidAfter((_, document) => void (document.policy = { drain_timeot: '1s' }))).toContain(
      `policy.drain_timeot: there is no such policy; did you mean 'drain_timeout'?`,
    );
  });
});
