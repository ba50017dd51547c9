import { expect, test } from 'vitest';
import type { ComponentSpec } from '../../src/component.js';
import { log, logSpec } from '../../src/loggers/log.js';
import { parseLocation, servedLocation } from '../../src/pipeline/location.js';
import { table, tableSpec } from '../../src/readers/table.js';

test.each([
  ['yt://home/x', 'yt', '//home/x'],
  ['pg:a:b', 'pg', 'a:b'],
  ['pg:', '', 'pg:'],
  ['//home/x', '', '//home/x'],
  ['', '', ''],
])("'%s' is a location of scheme '%s'", (text, scheme, target) => {
  expect(parseLocation(text)).toEqual({ scheme, target, text });
});

test.each([
  ['pg:log', "--rows is not a location that can be used here: got 'pg:log', expected yt:… or file:…"],
  ['log', "got 'log'"],
  [undefined, 'got nothing'],
])('what no scheme of the component serves is refused: %s', (text, message) => {
  const location = text === undefined ? undefined : parseLocation(text);
  const attempt = () => servedLocation({ name: 'rows', location }, ['yt', 'file']);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ code: 'usage' }));
});

test('a component takes the schemes that its spec names, and no others', () => {
  const schemes = ['file', 'pg', 'yql', 'yt', 'zmq'];
  const takenBy = (make: (text: string) => unknown) =>
    schemes.filter((scheme) => {
      try {
        return make(scheme === 'pg' ? 'pg:x' : `${scheme}:x.csv`) !== undefined;
      } catch {
        return false;
      }
    });
  const input = { name: 'rows', key: 'id', row: {} };
  const output = { name: 'log', type: 'send-log' } as const;
  expect(takenBy((text) => table({ ...input, location: parseLocation(text) }))).toEqual(schemesOf(tableSpec));
  expect(takenBy((text) => log({ ...output, location: parseLocation(text) }))).toEqual(schemesOf(logSpec));
});

const schemesOf = ({ binds = [] }: ComponentSpec) => binds.flatMap(({ schemes = [] }) => schemes).sort();
