/** Characters that would end a string, hide in it or turn its direction: they are written as escapes. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A text as a JavaScript string on one line: single quotes, or double ones where that saves escapes. */
export function quote(text: string): string {
  const singles = text.split("'").length;
  const doubles = text.split('"').length;
  const mark = singles > doubles ? '"' : "'";
  return mark + escapeUnprintable(text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)) + mark;
}

/** A text as part of a template literal on one line. */
export function quoteInTemplate(text: string): string {
  return escapeUnprintable(text.replace(/[\\`]|\$(?=\{|$)/g, '\\$&'));
}

/** A key of an object literal. `__proto__` is computed: unquoted or quoted it would set the prototype. */
export function propertyKey(key: string): string {
  if (key === '__proto__') return "['__proto__']";
  return isIdentifier(key) || isPlainNumber(key) ? key : quote(key);
}

/** True for a word that may stand behind a dot and as an unquoted key. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && escapeUnprintable(text) === text;
}

/** A number as the formatter writes it, with separators from 10_000 and without a `+` in the exponent. */
export function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent] = String(value).replace('e+', 'e').split('e');
  const [whole = '', fraction] = mantissa.split('.');
  const grouped = Math.abs(value) < 10_000 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, '_');
  return (
    grouped + (fraction === undefined ? '' : `.${fraction}`) + (exponent === undefined ? '' : `e${exponent}`)
  );
}

/** A text on one line that shows all it holds: line ends, controls and invisible characters become escapes. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => SHORT_ESCAPES[char] ?? unicodeEscape(char.codePointAt(0) ?? 0));
}

function unicodeEscape(point: number): string {
  const digits = point.toString(16);
  return point > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/** The formatter takes the quotes off keys such as `200` and `1.5`. */
function isPlainNumber(key: string): boolean {
  return /^\d+(\.\d+)?$/.test(key) && String(Number(key)) === key;
}
