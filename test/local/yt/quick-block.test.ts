import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QuickScanner } from '../../../src/local/yt/quick-block.js';
import { RowJudge } from '../../../src/local/yt/row.js';
import { readSchema } from '../../../src/local/yt/schema.js';
import { parseYtJson } from '../../../src/yson/json.js';

const column = (name: string, type: string, required = false) =>
  new Map<string, string | boolean>([
    ['name', name],
    ['type', type],
    ['required', required],
  ]);

const SCHEMA = readSchema([
  column('run', 'string', true),
  column('number', 'int64'),
  column('at', 'timestamp'),
  column('flag', 'boolean'),
  column('text', 'utf8'),
  column('ratio', 'double'),
]);

/** What looking closely makes of a line: what is stored of it, or undefined where it is refused. */
function closely(line: string): { line: string; weight: number; isPlain: boolean } | undefined {
  try {
    const judge = new RowJudge(SCHEMA, { integralToDouble: true }, undefined);
    return judge.store(parseYtJson(line, { encodeUtf8: false }));
  } catch {
    return undefined;
  }
}

const value = fc.oneof(
  fc.constantFrom(
    '"night"',
    '"$5"',
    '"a\\"$b"',
    '"\\u0041"',
    '"\\n\\\\"',
    '"\\x"',
    '"ü😀"',
    '"un',
    'true',
    'false',
    'null',
  ),
  fc.constantFrom(
    '0',
    '-0',
    '01',
    '-5',
    '123456789012345678',
    '9223372036854775808',
    '1.0',
    '1e3',
    '{}',
    '[1]',
    '',
  ),
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  fc.integer().map(String),
);
const member = fc.tuple(fc.constantFrom('run', 'number', 'at', 'flag', 'text', 'ratio', 'other'), value);
const good = fc.record({
  run: fc.constantFrom('night', 'nights', 'noon'),
  number: fc.option(fc.integer(), { nil: undefined }),
  at: fc.option(fc.nat(), { nil: undefined }),
  flag: fc.option(fc.boolean(), { nil: undefined }),
  text: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
});
const line = fc.oneof(
  { weight: 3, arbitrary: good.map((row) => JSON.stringify(row)) },
  {
    weight: 1,
    arbitrary: fc
      .array(member, { maxLength: 6 })
      .map((members) => `{${members.map(([name, text]) => `"${name}":${text}`).join(',')}}`),
  },
);

test('what is taken at a glance is what looking closely would store, row by row and in their weight', () => {
  let quick = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const block = new QuickScanner(SCHEMA).scan(Buffer.from(`${lines.join('\n')}\n`));
      const stored = lines.slice(0, block?.starts.length ?? 0).map(closely);
      quick += stored.length;
      if (block === undefined) return;
      expect(stored.map((row) => JSON.parse(row?.line ?? 'null'))).toEqual(
        block.bytes
          .toString()
          .split('\n')
          .slice(0, -1)
          .map((text) => JSON.parse(text)),
      );
      expect(stored.every((row) => row?.isPlain)).toBe(true);
      // An escape weighs what it stands for, or what it is written as: the weight is an estimate.
      const weight = stored.reduce((sum, row) => sum + (row?.weight ?? 0), 0);
      if (!lines.join().includes('\\')) expect(weight).toBe(block.weight);
    }),
    { numRuns: 1_000 },
  );
  expect(quick).toBeGreaterThan(1_000);
});

test('usual rows are all taken at a glance', () => {
  fc.assert(
    fc.property(fc.array(good, { minLength: 1 }), (rows) => {
      const usual = rows.map((row) => JSON.stringify(row)).filter((text) => !/\\u|"\$/.test(text));
      if (usual.length === 0) return;
      const bytes = Buffer.from(`${usual.join('\n')}\n`);
      expect(new QuickScanner(SCHEMA).scan(bytes)?.bytes.length).toBe(bytes.length);
    }),
  );
});
