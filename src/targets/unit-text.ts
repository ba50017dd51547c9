/** What may stand in a unit file: systemd.syntax(7), systemd.unit(5) on specifiers, systemd.service(5) on command lines. */
import { oneLine, RtnError } from '../error.js';
import { type Placed, placed } from './render.js';

export type UnitText = Placed<'unit'>;

const SAFE_WORD = /^[\w@+=:,./-]+$/;
/** Ends a line, hides in one, or turns its direction: written as escapes, which systemd undoes. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Why a text cannot be given to a process by a unit; undefined where it can. */
export function unitProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'it holds the character U+0000, which no argument of a process can';
  return /\p{Cs}/u.test(text) ? 'it holds half of a character' : undefined;
}

/** A command line of ExecStart=: each word arrives as it is. Throws `internal` for a text that `unitProblem` has something against. */
export function unitCommand(words: readonly string[]): UnitText {
  return placed(words.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' '));
}

/** A name: of a secret, a user, a unit. Throws `internal` for what is none. */
export function unitName(text: string): UnitText {
  if (!/^[\w.-]+$/.test(text)) throw new RtnError('internal', 'a name for a unit was not looked at before');
  return placed(text);
}

/** A whole number, a calendar event, a list of codes: what is made of numbers and words of ours alone. */
export function unitTerm(text: string | number): UnitText {
  if (!/^[\w*,.:/ +-]+$/.test(`${text}`)) throw new RtnError('internal', `no term of a unit: ${text}`);
  return placed(`${text}`);
}

/** A path, also one of a list such as ReadWritePaths=. */
export function unitPath(path: string): UnitText {
  return placed(quoted(path));
}

function quoted(word: string): string {
  if (unitProblem(word) !== undefined)
    throw new RtnError('internal', 'a word for a unit was not looked at before');
  if (SAFE_WORD.test(word)) return word;
  const inner = word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replace(UNPRINTABLE, escapeText);
  return `"${inner}"`;
}

function escapeText(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  const digits = point.toString(16);
  if (point < 0x80) return `\\x${digits.padStart(2, '0')}`;
  return point > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** The rest of a line that is shown to people: a description, a comment. A backslash at its end would join the next line to it. */
export function unitLine(text: string): UnitText {
  return placed(oneLine(text, 300).replaceAll('%', '%%').replaceAll('\\', '/'));
}
