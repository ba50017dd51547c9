import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonSchema } from '../src/component.js';
import { parseCommandLine } from '../src/runtime/command-line.js';
import type { RunnerDefinition } from '../src/runtime/definition.js';
import { startFlags } from '../src/start-flags.js';
import { DEFINITION, SECRETS } from './runtime/definition.js';

/** What the runner of an operation with this one param has of a schedule's value, through its command line. */
function received(schema: JsonSchema, value: unknown): unknown {
  const definition: RunnerDefinition = { ...DEFINITION, params: { the_param: schema } };
  const flags = startFlags(
    { name: 'night', inputs: { recipients: '-file:-x y=z' }, outputs: {}, params: { the_param: value } },
    { slot: '2026-11-24T09:17Z', startDeadlineMs: 90_500, schemas: definition.params },
  );
  const command = parseCommandLine(definition, flags, SECRETS);
  expect(command).toMatchObject({
    inputs: { recipients: '-file:-x y=z' },
    options: { slot: { schedule: 'night', slot: '2026-11-24T09:17Z', startDeadlineMs: 90_500 } },
  });
  return command.kind === 'run' ? command.params.the_param : undefined;
}

const TEXTS = ['', ' ', '-5', '--yes', '-rf=x', 'a=b', 'true', 'null', '12', '"quoted"', '{"a":1}', 'a\nb\0'];

test.each<[name: string, schema: JsonSchema, values: readonly unknown[]]>([
  ['texts', { type: 'string' }, TEXTS],
  ['what may be a text or a number', { type: ['string', 'number', 'null'] }, [...TEXTS, 5, -5, 1e-9, null]],
  ['what has no type', {}, [...TEXTS, -5, true, null, { a: ['-', ''] }, [1, '2']]],
  ['choices of a schema', { anyOf: [{ type: 'string', pattern: '^\\d+$' }] }, ['12', '007']],
  ['enumerations', { enum: ['1', 2, 'true', false] }, ['1', 2, 'true', false]],
  ['numbers', { type: 'number' }, [0, -0.5, 1e21, -7]],
  ['switches', { type: 'boolean' }, [true, false]],
  ['lists', { type: 'array' }, [[], ['--x', '', null, -1, { a: 1 }]]],
  ['objects', { type: 'object' }, [{}, { '--a': { b: ['=', ' ', "'", '"'] } }]],
])('%s reach the runner as the schedule has them', (_, schema, values) => {
  expect(values.map((value) => received(schema, value))).toEqual(values);
});

test('any value does, whatever the schema lets through', () => {
  const schemas = [{}, { type: ['string', 'object', 'array', 'number', 'boolean', 'null'] }];
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(...schemas), (value, schema) => {
      const sent: unknown = JSON.parse(JSON.stringify(value));
      expect(received(schema, sent)).toEqual(sent);
    }),
  );
});

test('a text of which the schema says so does not become JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(received({ type: 'string' }, text)).toBe(text);
    }),
  );
});
