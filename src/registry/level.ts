import parseSemver from 'semver/functions/parse.js';
import { isMap } from './jsonSchema.js';
import { LEVEL_RULES, type LevelRule } from './levelRules.js';
import type { Found, Member } from './member.js';
import { byVersion, type Level, lineOf, raise } from './version.js';

type Document = Readonly<Record<string, unknown>>;

/** Why a level is due: the rule's id, the place and one line for a person. */
export interface LevelReason extends Found {
  readonly rule: string;
}

const LEVELS: readonly Level[] = ['patch', 'minor', 'major'];

/**
 * The bump level that a change of an operation asks for, with every reason, the gravest first. Layers and templates, and
 * all that no rule finds, are `patch`.
 */
export function dueLevel(before: Document, after: Document): { level: Level; reasons: LevelReason[] } {
  const found = LEVEL_RULES.flatMap((rule) =>
    membersOf(rule.section, before, after).flatMap((member) =>
      rule.find(member).map(({ path, words }) => ({ level: rule.level, rule: rule.id, path, words })),
    ),
  );
  found.sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
  return {
    level: found[0]?.level ?? 'patch',
    reasons: found.map(({ rule, path, words }) => ({ rule, path, words })),
  };
}

/**
 * The least version after `previous` for a change of this level. Before 1.0.0 the left-most number that is not zero
 * counts as MAJOR (semver's caret): breaking in 0.3.1 gives 0.4.0, all else 0.3.2.
 */
export function versionFor(previous: string, level: Level): string {
  const { major, minor } = numbersOf(previous);
  if (major > 0) return raise(previous, level);
  return raise(previous, level === 'major' && minor > 0 ? 'minor' : 'patch');
}

/** Whether a version lies far enough above the previous one for a change of this level; its own pre-releases do, too. */
export function satisfiesLevel(previous: string, next: string, level: Level): boolean {
  const { major, minor, patch } = numbersOf(next);
  const isAbove = byVersion(next, previous) > 0;
  return isAbove && byVersion(`${major}.${minor}.${patch}`, versionFor(previous, level)) >= 0;
}

/**
 * The number of a new version made from `origin`, where these numbers of its name are taken: above all of its line, or,
 * where the level asks for another line, above every one there is.
 */
export function nextVersion(origin: string, taken: readonly string[], level: Level): string {
  const inLine = taken.filter((version) => lineOf(version) === lineOf(origin));
  const next = versionFor(greatest(origin, inLine), level);
  return lineOf(next) === lineOf(origin) ? next : versionFor(greatest(origin, taken), level);
}

function greatest(origin: string, versions: readonly string[]): string {
  return versions.reduce((a, b) => (byVersion(a, b) > 0 ? a : b), origin);
}

function membersOf(section: LevelRule['section'], before: Document, after: Document): Member[] {
  const [a, b] = [mapOf(before[section]), mapOf(after[section])];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => ({
    path: [section, name],
    before: valueAt(a, name),
    after: valueAt(b, name),
  }));
}

function mapOf(value: unknown): Document {
  return isMap(value) ? value : {};
}

/** A member without a value is there all the same. */
function valueAt(map: Document, name: string): unknown {
  return Object.hasOwn(map, name) ? (map[name] ?? null) : undefined;
}

function numbersOf(version: string): { major: number; minor: number; patch: number } {
  const parsed = parseSemver(version);
  if (parsed === null) throw new TypeError(`not a version: ${version}`);
  return parsed;
}
