/** What may stand in a line of a crontab(5), as Debian's cron and cronie both read it. */
import { RtnError } from '../error.js';
import type { CronFields } from '../schedule/cron.js';
import { isHourly } from '../schedule/cron.js';
import { ranges } from './ranges.js';
import { type Placed, placed } from './render.js';

export type CrontabText = Placed<'crontab'>;

/** Beyond it Debian's cron leaves the whole file out; in bytes. */
export const MAX_COMMAND_BYTES = 998;

const SAFE_WORD = /^[\w@+=:,./-]+$/;

/** Ends a line, or hides in one or turns its direction where somebody reads it. */
const UNPLACEABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Why a text cannot stand in a crontab; undefined where it can. */
export function crontabProblem(text: string): string | undefined {
  const char = UNPLACEABLE.exec(text)?.[0];
  if (char === undefined) return undefined;
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `it holds the character U+${code}, and a crontab is read line by line`;
}

/** Words as one command of sh(1) in a crontab. Throws `internal` for a text that `crontabProblem` has something against. */
export function crontabCommand(words: readonly string[]): CrontabText {
  return placed(words.map(crontabWord).join(' '));
}

/** The command, and a line of output where it ends with one exit code, for which another is given. */
export function crontabTelling(
  command: CrontabText,
  { exit, as, told }: { readonly exit: number; readonly as: number; readonly told: string },
): CrontabText {
  return placed(`${command} || { c=$?; [ $c = ${exit} ] && c=${as} && echo ${crontabWord(told)}; exit $c; }`);
}

/**
 * One word, in single quotes where it needs them. `%` would end the command, unless it has a backslash before it, which cron
 * takes out; some crons take out the first of two backslashes, too, so that none of ours stands before another, or before `%`.
 */
function crontabWord(word: string): string {
  if (crontabProblem(word) !== undefined)
    throw new RtnError('internal', 'a word for a crontab was not looked at before');
  if (SAFE_WORD.test(word)) return word;
  const inner = word.replace(/['\\%]/g, (char) => (char === "'" ? "'\\''" : char === '\\' ? "\\''" : '\\%'));
  return `'${inner}'`;
}

/** `NAME=/path` for a line of its own. Throws `internal` for what is not such a name and path. */
export function crontabVariable(name: string, value: string): CrontabText {
  if (!/^[A-Za-z_]\w*$/.test(name) || !/^[\w@+,./-]*$/.test(value))
    throw new RtnError('internal', `${name} cannot be set in a crontab`);
  return placed(`${name}=${value}`);
}

/** The line of a schedule: when, as whom (undefined in a user's own crontab), what. */
export function crontabLine(
  fields: CrontabText,
  user: string | undefined,
  command: CrontabText,
): CrontabText {
  if (user !== undefined && !/^[\w-]+$/.test(user)) throw new RtnError('internal', 'no user of a crontab');
  return placed([fields, ...(user === undefined ? [] : [user]), command].join(' '));
}

/** A comment: its line is all that a reader of it may see. */
export function crontabComment(text: string): CrontabText {
  if (crontabProblem(text) !== undefined)
    throw new RtnError('internal', 'a comment was not looked at before');
  return placed(text);
}

/**
 * The five fields as numbers. Debian's cron follows changes of the clocks as `cron.ts` says where no field of the time
 * begins with a star, or where all hours are meant and are a star.
 */
export function crontabFields(fields: CronFields): CrontabText {
  const { minutes, daysOfMonth, months, daysOfWeek, days } = fields;
  const isOfMonth = days === 'of-month' || days === 'either';
  const isOfWeek = days === 'of-week' || days === 'either';
  return placed(
    [
      ranges(minutes, '-'),
      isHourly(fields) ? '*' : ranges(fields.hours, '-'),
      isOfMonth ? ranges(daysOfMonth, '-') : '*',
      months.length === 12 ? '*' : ranges(months, '-'),
      isOfWeek ? ranges(daysOfWeek, '-') : '*',
    ].join(' '),
  );
}
