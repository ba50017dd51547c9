import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsText, tableText } from '../../src/report/table.js';

test('columns stand under their names', () => {
  const rows = [
    { name: 'a', count: 12, at: new Date(0) },
    { name: 'longer', count: null, at: undefined },
  ];
  expect(tableText(rows)).toBe(
    [
      'name    count  at',
      '------  -----  ------------------------',
      'a       12     1970-01-01T00:00:00.000Z',
      'longer',
      '',
    ].join('\n'),
  );
});

test('no rows are said to be none', () => expect(tableText([])).toBe('(no rows)\n'));

test('only what is beyond the width is cut', () => {
  expect(tableText([{ a: 'x', title: 'a long title' }], { width: 10 })).toBe(
    'a  title\n-  -------\nx  a long…\n',
  );
  expect(columnsText([['a', 'b']], { indent: 2, width: 6 })).toBe('  a  b\n');
});

test('a cell is one line, whatever is in it, and every column starts in one place', () => {
  const cell = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.jsonValue());
  fc.assert(
    fc.property(fc.array(fc.record({ a: cell, b: fc.constant('|') }), { minLength: 1 }), (rows) => {
      const lines = tableText(rows).split('\n');
      expect(lines).toHaveLength(rows.length + 3);
      const places = lines.slice(2, -1).map((line) => [...line].lastIndexOf('|'));
      expect(new Set(places).size).toBe(1);
    }),
  );
});
