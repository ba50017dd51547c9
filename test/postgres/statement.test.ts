import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oneStatement } from '../../src/postgres/statement.js';

test.each([
  ['select 1', 'select 1'],
  ['select 1;', 'select 1'],
  ['select 1 ; ;\n-- the end; really\n/* ; /* ; */ ; */ ', 'select 1 '],
  [
    "select ';', e'\\';', \"a;b\", $$;$$, $x$;$$;$x$ -- ;\n;",
    "select ';', e'\\';', \"a;b\", $$;$$, $x$;$$;$x$ -- ;\n",
  ],
  ["select 'it''s;', date'2020-01-01', $1, a$b$c;", "select 'it''s;', date'2020-01-01', $1, a$b$c"],
  ['/* ; */ select 1 -- ;', '/* ; */ select 1 -- ;'],
])('%j is one statement', (sql, statement) => {
  expect(oneStatement(sql, 'q.sql')).toBe(statement);
});

test.each([
  ['select 1; select 2', 'has several statements, the second one in line 1'],
  ['select 1;\n-- why\ndelete from t', 'has several statements, the second one in line 3'],
  ["select '\\'; delete from t; --'", 'has several statements'],
  ['', 'holds no statement'],
  [' ;; -- nothing', 'holds no statement'],
])('%j is refused', (sql, message) => {
  expect(() => oneStatement(sql, 'q.sql')).toThrow(
    expect.objectContaining({ code: 'configuration', message: expect.stringContaining(message) }),
  );
});

test('any text is judged, and what is taken is its beginning', () => {
  const piece = fc.constantFrom("'", '"', '$$', '$a$', ';', '--', '\n', '/*', '*/', 'e', ' ', 'x', '\\');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const sql = pieces.join('');
      try {
        expect(sql.startsWith(oneStatement(sql, 'q.sql'))).toBe(true);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'configuration' });
      }
    }),
  );
});
