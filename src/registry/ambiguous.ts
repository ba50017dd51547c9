/** The booleans of YAML 1.1 (https://yaml.org/type/bool.html) that YAML 1.2 reads as texts. */
const OLD_BOOLEAN = /^(?:(y|Y|yes|Yes|YES|on|On|ON)|n|N|no|No|NO|off|Off|OFF)$/;
const LEADING_ZERO = /^[-+]?0[\d_]+$/;
/** Base 60: https://yaml.org/type/int.html and float.html. */
const SEXAGESIMAL = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const WITH_UNDERSCORES = /^[-+]?(?:[1-9][\d_]*(?:\.[\d_]*)?|0x[\da-fA-F_]+)$/;
const BINARY = /^[-+]?0b[01_]+$/;

/**
 * Says what a reader of YAML 1.1 (PyYAML, Ruby, much of Go) takes an unquoted scalar for where it differs from what
 * we read, and how to write it; undefined where all agree.
 */
export function ambiguity(source: string): string | undefined {
  if (source.length > 64) return undefined;
  const boolean = OLD_BOOLEAN.exec(source);
  if (boolean !== null) {
    const meant = String(boolean[1] !== undefined);
    return `YAML 1.1 readers take ${source} for ${meant}, rtn for the text '${source}'; write ${meant}, or "${source}" in quotes`;
  }
  const old = oldNumber(source);
  if (old === undefined) return undefined;
  const ours =
    LEADING_ZERO.test(source) && !source.includes('_')
      ? `the number ${Number(source)}`
      : `the text '${source}'`;
  return `YAML 1.1 readers take ${source} for ${old}, rtn for ${ours}; write "${source}" in quotes, or the number that is meant`;
}

/** What YAML 1.1 makes of the digits. */
function oldNumber(source: string): string | undefined {
  const sign = source.startsWith('-') ? -1 : 1;
  const digits = source.replace(/^[-+]/, '').replaceAll('_', '');
  const number = (value: number) => `the number ${sign * value}`;
  if (LEADING_ZERO.test(source))
    return /^[0-7]+$/.test(digits) ? number(Number.parseInt(digits, 8)) : `the text '${source}'`;
  if (SEXAGESIMAL.test(source))
    return number(digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));
  if (BINARY.test(source)) return number(Number.parseInt(digits.slice(2), 2));
  return source.includes('_') && WITH_UNDERSCORES.test(source) ? number(Number(digits)) : undefined;
}

/** What to say of a version that YAML reads as a number: `1.10` becomes 1.1, and `2` is no version at all. */
export function versionNumber(source: string, value: number): string {
  const parts = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(source);
  const read =
    String(value) === source
      ? `YAML reads ${source} as a number, not as a version`
      : `YAML reads ${source.slice(0, 32)} as the number ${value}`;
  return `${read}; write ${parts === null ? 'it in quotes' : `"${Number(parts[1])}.${Number(parts[2] ?? 0)}.0"`}`;
}
