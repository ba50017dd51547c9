import { expect, test } from 'vitest';
import { httpChannelSpec } from '../../src/channels/http.js';
import { COMPONENTS } from '../../src/components.js';
import { needsOf } from '../../src/generator/needs.js';
import type { OperationDocument } from '../../src/registry/document.js';

const document = {
  inputs: { rows: { key: 'id', row: {}, default: 'pg:rows.sql' } },
  outputs: { log: { type: 'send-log', default: 'yt://home/log' } },
  params: { provider: { type: 'string', default: 'one' } },
  secrets: { B: {}, A: {}, TWO: {}, LITERAL: {} },
  runners: {
    'one-shot': {
      template: 'one-shot@1.0.0',
      reader: { use: 'table', input: 'rows' },
      sender: {
        use: 'async',
        channel: {
          select: '${params.provider}',
          one: {
            use: httpChannelSpec.key,
            url: 'https://x/${secrets.A}',
            headers: { x: ['${secrets.B}', '$${secrets.LITERAL}'] },
          },
          two: { use: 'http', url: '${secrets.TWO}' },
        },
      },
      logger: { use: 'log', output: 'log' },
    },
    script: { template: 'script@1.0.0', run: './x.sh' },
  },
} as unknown as OperationDocument;

const needs = (
  params: Record<string, unknown>,
  locations: Record<string, string> = {},
  runner = 'one-shot',
) => {
  const { secrets, environment } = needsOf(document, { runner, params, locations }, COMPONENTS);
  return [secrets, environment.map(({ name }) => name).sort()];
};

test.each<[string, ReturnType<typeof needs>, [string[], string[]]]>([
  [
    'what the default of a param chooses',
    needs({}),
    [
      ['B', 'A'],
      ['DATABASE_URL', 'YT_PROXY', 'YT_TOKEN'],
    ],
  ],
  ['what a param chooses', needs({ provider: 'two' }), [['TWO'], ['DATABASE_URL', 'YT_PROXY', 'YT_TOKEN']]],
  [
    'no connection that no location has',
    needs({}, { rows: 'file:x.csv', log: 'pg:log' }),
    [['B', 'A'], ['DATABASE_URL']],
  ],
  ['none at all for files', needs({}, { rows: 'file:x.csv', log: 'file:logs' }), [['B', 'A'], []]],
  [
    'every secret for a script, which is handed them',
    needs({}, {}, 'script'),
    [['B', 'A', 'TWO', 'LITERAL'], []],
  ],
])('a start needs %s', (_, got, expected) => {
  expect(got).toEqual(expected);
});
