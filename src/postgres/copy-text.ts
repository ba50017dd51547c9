/** A value of a COPY row. */
export type CopyValue = string | number | boolean | null;

const SPECIAL =
  /[\\\t\n\r\u0000\u000b\b\f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const MAY_BE_SPECIAL = /[\\\u0000-\u001f\ud800-\udfff]/;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\u000b': '\\v',
};

/** One row in the text format of COPY, with its newline. Format: postgresql.org/docs/current/sql-copy.html, Text Format. */
export function copyRow(values: readonly CopyValue[]): string {
  return `${values.map(copyText).join('\t')}\n`;
}

/**
 * One field of a row. Postgres text can hold neither NUL nor half a surrogate pair: both become U+FFFD, so that no row
 * is lost to them.
 */
export function copyText(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  return MAY_BE_SPECIAL.test(value) ? value.replace(SPECIAL, (char) => ESCAPES[char] ?? '\ufffd') : value;
}

const UNESCAPES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ESCAPES).map(([char, code]) => [code.slice(1), char]),
);

/** The values of a line that COPY gave in its text format, without its line end: the inverse of `copyRow`. */
export function parseCopyRow(line: string): (string | null)[] {
  return line.split('\t').map((cell) => {
    if (cell === '\\N') return null;
    return cell.includes('\\') ? cell.replace(/\\(.)/gs, (_, char: string) => UNESCAPES[char] ?? char) : cell;
  });
}
