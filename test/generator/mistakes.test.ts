import { describe, expect, test } from 'vitest';
import { generateRunner } from '../../src/generator/runner.js';
import { couponsActivate, driverPush, type OperationDocument, pg2yt } from './driver-push.js';

/** What generating the one-shot runner says when the value at a path of the document is another, or gone. */
function saidWith(path: string, value: unknown): string {
  const change = (document: OperationDocument): void => {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((map, key) => map[key], document);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  };
  try {
    generateRunner(driverPush('one-shot', change));
    return 'nothing';
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'RtnError', code: 'configuration' });
    return (thrown as Error).message;
  }
}

const RUNNER = 'runners.one-shot';
const CHANNEL = `${RUNNER}.sender.channel`;
const DOCUMENT = 'driver_push 1.4.10 (operations/driver_push/1.4.10.yaml)';

describe('a mistake that generating meets is told with its place', () => {
  test.each<[string, string, unknown, string]>([
    ['an unknown component', `${CHANNEL}.use`, 'htp', `there is no channel 'htp'; known are http`],
    ['no component', `${CHANNEL}.use`, undefined, 'got nothing, expected a text'],
    ['an unknown key', `${CHANNEL}.metod`, 'GET', `channel 'http' has no such key; did you mean 'method'?`],
    [
      'an unknown param',
      `${CHANNEL}.body`,
      '${params.endpont}',
      `\${params.endpont} names nothing the operation declares; did you mean 'endpoint'?`,
    ],
    ['no reference at all', `${CHANNEL}.body`, '${1 + 1}', `'\${1 + 1}' is no reference`],
    [
      'a row where none is',
      `${RUNNER}.sender.max_attempts`,
      '${row.n}',
      '${row.n} stands where the value cannot depend on the row',
    ],
    [
      'a duration without a unit',
      `${CHANNEL}.timeout`,
      10,
      'got 10, expected a duration such as 250ms, 30s, 5m, 1h',
    ],
    [
      'an unknown input',
      `${RUNNER}.reader.input`,
      'recipient',
      `the operation declares no input 'recipient'; did you mean 'recipients'?`,
    ],
    ['a stage left out', `${RUNNER}.logger`, undefined, 'got nothing, expected a map'],
    [
      'a stage the template lacks',
      `${RUNNER}.loger`,
      {},
      `template one-shot has no such part; did you mean 'logger'?`,
    ],
    [
      'an input in a longer text',
      `${CHANNEL}.body`,
      '${inputs.recipients}!',
      'got "${inputs.recipients}!": an input or output cannot be part of a longer text',
    ],
    ['what JSON cannot hold', `${CHANNEL}.body`, Number.NaN, 'got NaN, which JSON cannot hold'],
    [
      'an unknown policy',
      'policy.drain_timeot',
      '1s',
      `there is no such policy; did you mean 'drain_timeout'?`,
    ],
    ['a wrong policy', 'policy.drain_timeout', 'soon', 'got "soon", expected a duration such as 30s'],
    [
      'a share that is none',
      'policy.max_failed_ratio',
      20,
      'got 20, expected a share from 0 to 1 such as 0.2',
    ],
  ])('%s', (_, path, value, expected) => {
    expect(saidWith(path, value)).toContain(`${DOCUMENT}: ${path}: ${expected}`);
  });

  test('a key left out, at the map that lacks it', () => {
    expect(saidWith(`${CHANNEL}.url`, undefined)).toBe(`${DOCUMENT}: ${CHANNEL}: channel 'http' needs url`);
  });

  test('a value deep in a body', () => {
    expect(saidWith(`${CHANNEL}.body`, { a: ['${nope}'] })).toContain(`${CHANNEL}.body.a.0: `);
  });

  test.each([
    '${row.url}',
    'https://${row.host}/x',
    '//${row.host}/',
    '${params.endpoint}${row.path}',
    'https:${row.x}',
    'https:/\\${row.x}/',
  ])('a row value that would choose the host: %s', (url) => {
    expect(saidWith(`${CHANNEL}.url`, url)).toContain('a row value may not choose the host');
  });

  test('a template that only other templates include', () => {
    const request = driverPush();
    const template = { ...request.template, name: 'retry', stages: [] };
    expect(() => generateRunner({ ...request, template })).toThrow(
      `${RUNNER}: template retry 1.0.0 has no stages: it is for other templates to include`,
    );
  });

  test('a template whose stage there is no code for, in plain words', () => {
    const request = driverPush('one-shot', ({ runners }) => {
      runners['one-shot'] = { template: 'script@1.0.0', run: './x.sh' };
    });
    const template = { ...request.template, name: 'script', stages: ['run'] };
    expect(() => generateRunner({ ...request, template })).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message:
          'runner one-shot of driver_push 1.4.10 uses template script 1.0.0, whose runners cannot be generated yet',
        next: undefined,
      }),
    );
  });

  test.each<[key: string, value: unknown, expected: string]>([
    ['input', 'lgo', "task.input: the operation declares no input 'lgo'; did you mean 'log'?"],
    ['output', 'log', "task.output: the operation declares no output 'log'"],
    ['output', undefined, 'task.output: got nothing, expected a text'],
    ['batch_rows', '${row.x}', 'task.batch_rows: ${row.x} stands where the value cannot depend on the row'],
    ['outptu', 'archive', "task.outptu: task 'pg2yt' has no such key; did you mean 'output'?"],
  ])('a task whose %s is %j', (key, value, expected) => {
    const request = pg2yt(({ runners }) => {
      const { [key]: _, ...task } = runners['one-shot'].task;
      runners['one-shot'].task = value === undefined ? task : { ...task, [key]: value };
    });
    expect(() => generateRunner(request)).toThrow(`runners.one-shot.${expected}`);
  });

  test('an unknown runner', () => {
    const attempt = () => generateRunner({ ...driverPush(), runnerName: 'servce' });
    expect(attempt).toThrow(`runners.servce: there is no such runner; did you mean 'service'?`);
  });
});

describe('a batch that cannot be made is told with its place', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['no list', { body: { to: 1 } }, 'channel.body: a batch needs what each row adds'],
    ['two lists', { body: [{ each: 1 }, { each: 2 }] }, 'channel.body: each stands twice'],
    ['no body', { body: undefined }, 'channel: a batch needs what each row adds: {each: {…}} inside body'],
    [
      'a row beside the list',
      { body: { a: '${row.user_id}', b: { each: 1 } } },
      'channel.body.a: ${row.user_id} stands where the value cannot depend on the row',
    ],
    [
      'a row in a header',
      { headers: { a: '${row.user_id}' } },
      'channel.headers.a: ${row.user_id} stands where the value cannot depend on the row',
    ],
    ['a row in a list', { body: { each: { a: '${row.x.y.1}' } } }, 'channel.body.each.a: '],
  ])('%s', (_, config, expected) => {
    const change = (document: OperationDocument) => {
      const { channel } = document.runners['one-shot'].sender;
      for (const [key, value] of Object.entries(config))
        if (value === undefined) delete channel[key];
        else channel[key] = value;
    };
    expect(() => generateRunner(couponsActivate(change))).toThrow(expected);
  });

  test('a choice by anything but a param', () => {
    const change = (document: OperationDocument) => {
      const { sender } = document.runners['one-shot'];
      sender.channel = { select: 'http', http: sender.channel };
    };
    expect(() => generateRunner(driverPush('one-shot', change))).toThrow(
      'channel.select: got "http", expected one param such as ${params.provider}',
    );
  });
});
