import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateRunner } from '../../src/generator/runner.js';
import { driverPush, type OperationDocument } from './driver-push.js';
import { channelOptions, evaluate, forRow } from './evaluate.js';

/** The one-shot runner's channel with some keys replaced. */
function withChannel(config: Readonly<Record<string, unknown>>): string {
  return generateRunner(
    driverPush('one-shot', (document) => Object.assign(document.runners['one-shot'].sender.channel, config)),
  );
}

/** Texts that try to leave their place, among texts of any kind. */
const hostile = fc.constantFrom(
  "';process.exit(1);'",
  '`;',
  '${process.exit()}',
  '\\',
  "\\'",
  '*/',
  '//',
  '</script>',
  '{{operation}}',
  '{{{x}}}',
  '{{#if a}}',
  '\r\n',
  '\u2028',
  '\u2029',
  '\ud800',
  '\udc00\ud800',
  '\u0000',
  '\ue000reader\ue001',
  '__proto__',
  'constructor',
  'toString',
  '$$',
  '$',
  '-->',
  '<!--',
);
const text = fc.oneof(
  hostile,
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.tuple(hostile, fc.string()).map((both) => both.join('')),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** What a literal text of YAML looks like: `$${` stands for `${`. */
function written(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', '$$${');
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item)]));
}

describe('whatever a YAML holds, the generated module means the same', () => {
  test('in a constant body', () => {
    fc.assert(
      fc.property(json, (body) => {
        const made = channelOptions(withChannel({ body: written(body) })).body;
        expect(made).toEqual(body);
        expect(JSON.stringify(made)).toBe(JSON.stringify(body));
      }),
    );
  });

  test('in a body that is a function of the row', () => {
    fc.assert(
      fc.property(json, text, (body, before) => {
        const config = {
          body: {
            fixed: written(body),
            id: '${row.driver_id}',
            line: `${written(before)} \${row.title}${written(before)}`,
          },
        };
        const made = forRow(channelOptions(withChannel(config)).body, { driver_id: 7, title: 'T' });
        expect(made).toEqual({ fixed: body, id: 7, line: `${before} T${before}` });
      }),
    );
  });

  test('in headers, constant and by row', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), (entries) => {
        const headers = Object.fromEntries(entries);
        const ours = written(headers) as object;
        expect(channelOptions(withChannel({ headers: ours })).headers).toEqual(headers);
        const byRow = channelOptions(withChannel({ headers: { ...ours, id: '${row.message_id}' } })).headers;
        expect(forRow(byRow, { message_id: 'm' })).toEqual({ ...headers, id: 'm' });
      }),
    );
  });

  test('in descriptions, titles, defaults and row schemas', () => {
    fc.assert(
      fc.property(text, json, (description, value) => {
        const declare = (document: OperationDocument): void => {
          document.title = description;
          document.params.endpoint = { description, default: value };
          document.inputs.recipients.row = { type: 'object', value };
        };
        const { operation, inputs, params } = evaluate(generateRunner(driverPush('one-shot', declare)));
        expect([operation.title, params.endpoint, inputs.recipients?.row]).toEqual([
          description,
          { description, default: value },
          { type: 'object', value },
        ]);
      }),
    );
  });

  test('in the names that the comment on top shows', () => {
    fc.assert(
      fc.property(text, (hostileText) => {
        const request = {
          ...driverPush(),
          sourcePath: hostileText,
          layer: hostileText,
          operationDigest: hostileText,
        };
        expect(evaluate(generateRunner(request)).operation.layer).toBe(hostileText);
      }),
    );
  });
});

describe('a reference', () => {
  const row = { driver_id: 'd/1 ?', title: 'T', n: 5, address: { city: 'Omsk' } };
  const context = {
    params: { endpoint: 'http://x:1', concurrency: 9 },
    secrets: { PUSH_TOKEN: 's' },
    inputs: { recipients: 'R' },
  };

  test.each<[string, string, unknown, unknown]>([
    ['keeps the type of what it names', 'body', '${params.concurrency}', 9],
    ['keeps the type of a row field', 'body', { n: '${row.n}' }, { n: 5 }],
    ['to an absent row field vanishes from JSON', 'body', { gone: '${row.absent}' }, { gone: undefined }],
    ['to a path below an absent field is undefined', 'body', ['${row.absent.deeper.still}'], [undefined]],
    ['reaches into a row', 'body', '${row.address.city}', 'Omsk'],
    ['joins texts in a longer one', 'body', '${row.title}-${params.concurrency}', 'T-9'],
    ['is not read where it is written $${', 'body', '$${row.title}', '${row.title}'],
    ['to a secret stands in a header', 'headers', { a: 'Bearer ${secrets.PUSH_TOKEN}' }, { a: 'Bearer s' }],
    [
      'to a row in a URL is one encoded segment',
      'url',
      '${params.endpoint}/v1/${row.driver_id}/x',
      'http://x:1/v1/d%2F1%20%3F/x',
    ],
    ['to a row in a query is encoded', 'url', 'https://h?to=${row.driver_id}', 'https://h?to=d%2F1%20%3F'],
    ['to a param is a URL as it is', 'url', '${params.endpoint}', 'http://x:1'],
    ['in a list is found', 'body', [['${row.n}']], [[5]]],
    ['to an input gives the bound input', 'body', '${inputs.recipients}', 'R'],
  ])('%s', (_, key, value, expected) => {
    expect(forRow(channelOptions(withChannel({ [key]: value }), context)[key], row)).toEqual(expected);
  });

  test.each<[string, unknown, boolean]>([
    ['with a row reference', { to: '${row.driver_id}' }, true],
    ['without', { to: '${params.endpoint}' }, false],
  ])('%s: the body is a function exactly then', (_, body, isFunction) => {
    expect(typeof channelOptions(withChannel({ body }), context).body === 'function').toBe(isFunction);
  });

  test('into a row takes ?. only where the schema does not promise an object', () => {
    const text = generateRunner(
      driverPush('one-shot', (document) => {
        const inner = { type: 'object', required: ['street'], properties: { street: { type: 'object' } } };
        document.inputs.recipients.row.required.push('home');
        document.inputs.recipients.row.properties.home = inner;
        document.runners['one-shot'].sender.channel.body = [
          '${row.home.street.name}',
          '${row.work.street.name}',
        ];
      }),
    );
    expect(text).toContain('body: (row) => [row.home.street.name, row.work?.street?.name],');
  });
});
