import { RtnError } from '../error.js';

/** What may hold a semicolon that ends nothing: strings, quoted names, dollar quotes, line comments. */
const OPAQUE =
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|--[^\n]*|[\w$\u0080-\uffff]+/y;

/**
 * The one statement of a text, without the semicolon behind it; throws `configuration` for none or several. Only
 * finds the end: what the statement is and whether it may stand in parentheses is for the server to say.
 */
export function oneStatement(sql: string, path: string): string {
  const end = semicolon(sql, 0);
  const statement = sql.slice(0, end);
  for (let at = end; at < sql.length; at = semicolon(sql, at + 1)) {
    if (!isBlank(sql.slice(at + 1, semicolon(sql, at + 1))))
      throw notOne(
        path,
        `has several statements, the second one in line ${lineOf(sql, firstWord(sql, at + 1))}`,
      );
  }
  if (isBlank(statement)) throw notOne(path, 'holds no statement');
  return statement;
}

/** Index of the next semicolon outside of strings and comments, or the text's end. */
function semicolon(sql: string, from: number): number {
  for (let at = from; at < sql.length; ) {
    if (sql[at] === ';') return at;
    at = skip(sql, at) ?? at + 1;
  }
  return sql.length;
}

/** Where the string, comment, name or number that begins here ends; undefined where none begins. */
function skip(sql: string, at: number): number | undefined {
  if (sql.startsWith('/*', at)) return endOfComment(sql, at);
  OPAQUE.lastIndex = at;
  return OPAQUE.test(sql) ? OPAQUE.lastIndex : undefined;
}

/** Comments between slashes and stars nest. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 0;
  for (let match = mark.exec(sql); match !== null; match = mark.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

function isBlank(sql: string): boolean {
  return firstWord(sql, 0) === sql.length;
}

/** Index of the first character that is neither space nor comment. */
function firstWord(sql: string, from: number): number {
  for (let at = from; at < sql.length; ) {
    if (/\s/.test(sql[at] ?? '')) at++;
    else if (sql.startsWith('--', at) || sql.startsWith('/*', at)) at = skip(sql, at) ?? sql.length;
    else return at;
  }
  return sql.length;
}

function lineOf(sql: string, at: number): number {
  return sql.slice(0, at).split('\n').length;
}

function notOne(path: string, problem: string): RtnError {
  return new RtnError('configuration', `${path} ${problem}; expected one SELECT`, {
    next: `leave one SELECT in ${path}`,
  });
}
