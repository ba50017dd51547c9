import compareVersions from 'semver/functions/compare.js';
import parseSemver from 'semver/functions/parse.js';
import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';

/** What a version looks like: strict semver without build metadata, since two builds of one version would be equal. */
export const VERSION_PATTERN =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-(0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)(\\.(0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*))*)?$';

export const NAME_PATTERN = '^[a-z][a-z0-9]*([_-][a-z0-9]+)*$';

/** How one artefact names another: `name@version`, always exact. */
export const REFERENCE_PATTERN = `${NAME_PATTERN.slice(0, -1)}@${VERSION_PATTERN.slice(1)}`;

export type Level = 'patch' | 'minor' | 'major';

const version = new RegExp(VERSION_PATTERN);

export function isVersion(text: string): boolean {
  return version.test(text) && parseSemver(text) !== null;
}

/**
 * Reads a version kindly and gives the strict one that it stands for: `2.0` is 2.0.0, `1.4.5dev` is 1.4.5-dev. Undefined
 * for what is no version at all.
 */
export function strictVersion(text: string): string | undefined {
  const match =
    /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:[-.]?([A-Za-z][0-9A-Za-z.-]{0,60}))?$/.exec(text);
  if (isVersion(text)) return text;
  if (match === null) return undefined;
  const [, major, minor = '0', patch = '0', label] = match;
  const strict = `${[major, minor, patch].map(Number).join('.')}${label === undefined ? '' : `-${label}`}`;
  return isVersion(strict) ? strict : undefined;
}

/** Semver's order; both must be versions. */
export function byVersion(a: string, b: string): number {
  return compareVersions(a, b);
}

/** MAJOR.MINOR: versions are compared, cloned and replaced within their line. */
export function lineOf(text: string): string {
  return text.split('.', 2).join('.');
}

/** The next version of the level after this one; a pre-release of 1.4.5 is followed by 1.4.5 itself. */
export function raise(text: string, level: Level): string {
  const raised = parseSemver(text)?.inc(level).version;
  if (raised === undefined) throw new TypeError(`not a version: ${text}`);
  return raised;
}

/** Splits `name@version`; the version is undefined where only a name stands. */
export function splitReference(text: string): { name: string; version: string | undefined } {
  const at = text.indexOf('@');
  return at < 0
    ? { name: text, version: undefined }
    : { name: text.slice(0, at), version: text.slice(at + 1) };
}

/** Whether a text is a range of versions such as `^1.4` or `1.x`; what is a version itself is one, too. */
export function isVersionRange(text: string): boolean {
  return text.trim() !== '' && validRange(text) !== null;
}

/** Whether a version lies in a range. A pre-release does only where the range names one of the same MAJOR.MINOR.PATCH. */
export function isInRange(text: string, range: string): boolean {
  return satisfies(text, range);
}
