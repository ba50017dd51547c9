import { expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { judge } from '../../src/rules/judge.js';
import { repository } from '../author/repository.js';
import { edited, OPERATION, textOf } from '../registry/house.js';

const KEY = '    key: message_id\n';
const TABLE = 'reader: { use: table, input: recipients }';
const ZMQ = /reader: \{ use: zmq.*/.exec(textOf(OPERATION))?.[0] ?? '';

/** Our components as if some places could not be served: by now each that a document may name can be. */
const SPECS = COMPONENTS.map((spec) => {
  if (spec.key === 'log') return { ...spec, binds: [{ to: 'output' as const, schemes: ['pg', 'file'] }] };
  return spec.key === 'table'
    ? { ...spec, binds: [{ to: 'input' as const, schemes: ['yt', 'file'] }] }
    : spec;
});

/** `severity message` of each finding about a location, in a draft with these edits. */
const found = (edits: Readonly<Record<string, string>>) =>
  judge(edited(OPERATION, edits), SPECS, { today: '2026-11-24' }).findings.map(
    ({ rule, severity, message }) => `${rule} ${severity} ${message}`,
  );

test.each<[what: string, edits: Record<string, string>, expected: string[]]>([
  [
    'an output that its logger cannot write to',
    { 'default: pg:': 'default: yt:' },
    ["the logger 'log' cannot write yt:…, expected pg:… or file:…"],
  ],
  [
    'an input that one of its readers cannot read',
    { [KEY]: `${KEY}    default: pg:recipients\n` },
    ["the reader 'table' cannot read pg:…, expected yt:… or file:…"],
  ],
  [
    'an input that only a stream fills',
    { [KEY]: `${KEY}    default: yt://home/recipients\n`, [TABLE]: ZMQ },
    ["the reader 'zmq' takes no location, so this one is never used"],
  ],
  [
    'nothing where a table is read beside the stream',
    { [KEY]: `${KEY}    default: yt://home/recipients\n` },
    [],
  ],
  [
    'nothing more where the component is unknown',
    { 'default: pg:': 'default: yt:', 'logger: { use: log,': 'logger: { use: other,' },
    ["the logger 'log' cannot write yt:…, expected pg:… or file:…"],
  ],
])('a default location: %s', (_, edits, expected) => {
  expect(found(edits).filter((line) => line.startsWith('binding/scheme'))).toEqual(
    expected.map((message) => `binding/scheme warning ${message}`),
  );
});

test('a draft ahead of the code is warned of, and cannot be published', async () => {
  const { rtn, edit, read } = repository({ components: SPECS });
  edit(OPERATION, 'default: pg:', 'default: yt:');
  const before = read(OPERATION);
  expect(await rtn('check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('warning binding/scheme'),
  });
  expect(await rtn('publish', 'driver_push', '--with-deps')).toMatchObject({
    code: 1,
    err: expect.stringContaining("the logger 'log' cannot write yt:…, expected pg:… or file:…"),
  });
  expect(read(OPERATION)).toBe(before);
});

test('an output that a text names is written', () => {
  const second = { 'outputs:\n': 'outputs:\n  copy: { type: file, default: file:x }\n' };
  expect(found(second)).toEqual(["output/unwritten error no runner writes the output 'copy'"]);
  expect(found({ ...second, 'text: "${row.text}"': 'text: "${outputs.copy}"' })).toEqual([]);
});

test('a misspelt output is told once', () => {
  expect(found({ 'output: log': 'output: lok' })).toEqual([
    "reference/unknown error there is no output 'lok'; did you mean 'log'?",
  ]);
});
