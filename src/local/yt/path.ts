import { RtnError } from '../../error.js';
import { Parser } from '../../yson/parser.js';
import { attributesOf, bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { fault, YT_CODE } from './fault.js';
import { parseSuffix } from './path-suffix.js';

/** A path taken apart. */
export interface Path {
  /** Id of the object that a `#id` path starts from; undefined for the root. */
  readonly rootId: string | undefined;
  readonly steps: readonly string[];
  /** What stands behind `/@`: undefined without it, empty for all attributes. */
  readonly attribute: readonly string[] | undefined;
  /** Ends with `/*`: all children. */
  readonly isAllChildren: boolean;
  /** Attributes of a rich path: append, columns, ranges, … whichever way they were written. */
  readonly rich: ReadonlyMap<string, YsonValue>;
  readonly text: string;
}

/** Takes a path in any of its forms apart: a string, `<…>string`, or a string with attributes; suffixes `{…}[…]` too. */
export function parsePath(value: YsonValue | undefined): Path {
  const given = bare(value ?? null);
  if (typeof given !== 'string' || given === '')
    throw fault(YT_CODE.generic, 'Missing or wrong parameter "path"');
  const { rich, rest } = prefix(given);
  const text = rest.replace(/^[a-z][a-z0-9-]*:(?=\/)/, '');
  const root = /^(?:(?=\/@)|\/|#([0-9a-f-]+))/.exec(text);
  if (root === null) throw fault(YT_CODE.generic, `Path "${text}" must start with "/" or "#"`);
  const walk = steps(text, root[0].length);
  const suffix = parseSuffix(text.slice(walk.end).trim());
  return {
    ...{ rootId: root[1], steps: walk.steps, attribute: walk.attribute, isAllChildren: walk.isAllChildren },
    rich: new Map([...suffix, ...rich, ...attributesOf(value ?? null)]),
    text: text.slice(0, walk.end),
  };
}

function prefix(text: string): { rich: YsonMap; rest: string } {
  if (!text.startsWith('<')) return { rich: new Map(), rest: text };
  const bytes = Buffer.from(text);
  const parser = new Parser(bytes.subarray(1), true);
  try {
    const rich = parser.pairs(0x3e, 1);
    return { rich, rest: bytes.toString('utf8', 1 + parser.offset).trimStart() };
  } catch (thrown) {
    throw fault(
      YT_CODE.generic,
      `Path "${text}" has wrong attributes: ${thrown instanceof RtnError ? thrown.message : 'cut off'}`,
    );
  }
}

interface Walk {
  readonly steps: readonly string[];
  readonly attribute: readonly string[] | undefined;
  readonly isAllChildren: boolean;
  readonly end: number;
}

/** One key: anything but the special characters, or an escape `\c`, `\xHH`. */
const STEP = /\/((?:[^\\/@&*[{]|\\x[0-9a-fA-F]{2}|\\[^x])+)/y;
const ATTRIBUTE_STEP = /\/?((?:[^\\/[{]|\\x[0-9a-fA-F]{2}|\\[^x])+)/y;

function steps(text: string, start: number): Walk {
  const found: string[] = [];
  let at = start;
  for (let match = stepAt(STEP, text, at); match !== undefined; match = stepAt(STEP, text, at)) {
    found.push(match.key);
    at = match.end;
  }
  if (text[at] === '&') at++;
  if (text.startsWith('/*', at))
    return { steps: found, attribute: undefined, isAllChildren: true, end: at + 2 };
  if (!text.startsWith('/@', at))
    return { steps: found, attribute: undefined, isAllChildren: false, end: rest(text, at) };
  const attribute: string[] = [];
  at += 2;
  for (
    let match = stepAt(ATTRIBUTE_STEP, text, at);
    match !== undefined;
    match = stepAt(ATTRIBUTE_STEP, text, at)
  ) {
    attribute.push(match.key);
    at = match.end;
  }
  return { steps: found, attribute, isAllChildren: false, end: rest(text, at) };
}

function rest(text: string, at: number): number {
  if (at === text.length || text[at] === '{' || text[at] === '[') return at;
  throw fault(YT_CODE.generic, `Path "${text}" cannot be read from character ${at} on`);
}

function stepAt(pattern: RegExp, text: string, at: number): { key: string; end: number } | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match?.[1] === undefined) return undefined;
  const key = match[1].replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? char : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return { key, end: at + match[0].length };
}
