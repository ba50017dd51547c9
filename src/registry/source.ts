import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import { aliasTargets } from './alias.js';
import { compose } from './compose.js';
import type { Finding, Position } from './finding.js';
import { plainValue } from './plain.js';

/** Keys and indexes from the document's root to a node. */
export type Path = readonly (string | number)[];

/** Offsets into the text: from the first character of a node to behind its last, comments excluded. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** A YAML file that could be read: its value as plain data, and where each part of it stands. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** Where the value at the path stands; the nearest parent's place where the path leads nowhere. Aliases are followed. */
  positionOf(path: Path): Position;
  /** The path at which a value is written: differs where the given one leads through an alias. */
  homeOf(path: Path): Path;
  /** Where the key at the end of the path stands. */
  positionOfKey(path: Path): Position;
  /** Where the value at the path is written, comments after it excluded; undefined where the path leads nowhere. */
  rangeOf(path: Path): Range | undefined;
  /** Where key and value of the top-level map are written; undefined where the key is absent or the map in flow style. */
  pairRange(key: string): Range | undefined;
}

const MAX_BYTES = 1_000_000;
/** More syntax errors than these in one file are told once they are mended. */
const MAX_FAULTS = 100;

/** What other readers would take for something else: to be written otherwise, but what we read is known. */
const READABLE: readonly string[] = ['yaml/ambiguous', 'yaml/version-number'];

/**
 * Reads one YAML 1.2 (core) document. Any bytes give a source or findings, never an exception; both where all that was
 * found is READABLE.
 */
export function parseSource(file: string, bytes: Uint8Array): { source?: Source; findings: Finding[] } {
  const at = (
    rule: string,
    message: string,
    { line, column }: Position = { line: 1, column: 1 },
  ): Finding => ({ rule, severity: 'error', file, line, column, message });
  if (bytes.length > MAX_BYTES)
    return {
      findings: [at('yaml/encoding', `the file has ${bytes.length} bytes; at most ${MAX_BYTES} are read`)],
    };
  const text = decode(bytes);
  if (text === undefined) return { findings: [at('yaml/encoding', 'the file is not UTF-8')] };
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const { documents, excess } = compose(text, lines);
    if (excess !== undefined)
      return { findings: [at('yaml/syntax', excess.message, position(excess.offset))] };
    const [document, second] = documents;
    if (document === undefined) return { findings: [at('yaml/syntax', 'the file is empty')] };
    if (second !== undefined)
      return {
        findings: [
          at('yaml/syntax', 'the file holds several documents; expected one', position(second.range[0])),
        ],
      };
    const faults = [...document.errors, ...document.warnings]
      .slice(0, MAX_FAULTS)
      .map((error) => at('yaml/syntax', messageOf(error), position(error.pos[0])));
    if (faults.length > 0) return { findings: faults };
    const targets = aliasTargets(document.contents);
    const { value, traps } = plainValue(document.contents, (alias) => targets.get(alias));
    const findings = traps.map((trap) => at(trap.rule, trap.message, position(trap.offset)));
    if (traps.some(({ rule }) => !READABLE.includes(rule))) return { findings };
    const resolve = (node: unknown): unknown => (isAlias(node) ? targets.get(node) : node);
    return { source: { file, text, value, ...locators(document.contents, resolve, position) }, findings };
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    return { findings: [at('yaml/syntax', `the document cannot be read: ${problem}`)] };
  }
}

/** The text of UTF-8 bytes with a byte order mark kept (so that edits keep it), or undefined for any other encoding. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function locators(
  root: Node | null,
  resolve: (node: unknown) => unknown,
  position: (offset: number) => Position,
) {
  const pairOf = pairIndex();
  const childOf = (node: unknown, step: string | number): unknown =>
    isSeq(node) ? node.items[Number(step)] : pairOf(node, String(step))?.value;
  const pairAt = (path: Path): { pair?: Pair; node: unknown; offset: number } => {
    let node: unknown = root;
    let offset = startOf(root) ?? 0;
    let pair: Pair | undefined;
    for (const step of path) {
      const parent = resolve(node);
      pair = pairOf(parent, String(step));
      const child = isSeq(parent) ? parent.items[Number(step)] : pair?.value;
      if (pair === undefined && child === undefined) return { node, offset };
      node = child;
      offset = startOf(resolve(child)) ?? startOf(pair?.key) ?? offset;
    }
    return { node, offset, ...(pair && { pair }) };
  };
  let homes: Map<unknown, Path> | undefined;
  return {
    homeOf(path: Path) {
      homes ??= homesOf(root);
      let home: Path = [];
      let node: unknown = root;
      for (const step of path) {
        node = resolve(childOf(node, step));
        home = homes.get(node) ?? [...home, step];
      }
      return home;
    },
    positionOf: (path: Path) => position(pairAt(path).offset),
    positionOfKey(path: Path) {
      const { pair, offset } = pairAt(path);
      return position(startOf(pair?.key) ?? offset);
    },
    rangeOf(path: Path) {
      let node: unknown = root;
      for (const step of path) node = resolve(childOf(node, step));
      const start = startOf(node);
      return start === undefined ? undefined : { start, end: endOf(node) };
    },
    pairRange(key: string) {
      const pair = isMap(root) && !root.flow ? pairOf(root, key) : undefined;
      const start = startOf(pair?.key);
      return start === undefined ? undefined : { start, end: Math.max(endOf(pair?.value), endOf(pair?.key)) };
    },
  };
}

/** Finds pairs of maps by key; each map is gone through once, since thousands of findings may ask. */
function pairIndex(): (node: unknown, key: string) => Pair | undefined {
  const indexes = new Map<unknown, Map<string | undefined, Pair>>();
  return (node, key) => {
    if (!isMap(node)) return undefined;
    const index =
      indexes.get(node) ?? new Map((node.items as Pair[]).map((pair) => [keyText(pair.key), pair]));
    indexes.set(node, index);
    return index.get(key);
  };
}

/** The path at which each map and list is written. */
function homesOf(root: unknown): Map<unknown, Path> {
  const homes = new Map<unknown, Path>();
  const visit = (node: unknown, path: Path): void => {
    if (!isMap(node) && !isSeq(node)) return;
    homes.set(node, path);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    else for (const pair of node.items as Pair[]) visit(pair.value, [...path, keyText(pair.key) ?? '']);
  };
  visit(root, []);
  return homes;
}

/** The text of a key as it stands in the plain value. */
function keyText(key: unknown): string | undefined {
  if (key === null) return '';
  return isScalar(key) ? String(key.value ?? '') : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** A block collection's own range runs on over the comments behind it, so its end is that of its last leaf. */
function endOf(node: unknown): number {
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  const last = isBlock ? node.items.at(-1) : undefined;
  if (isPair(last)) return Math.max(endOf(last.key), endOf(last.value));
  return last === undefined ? ((node as Node | null | undefined)?.range?.[1] ?? 0) : endOf(last);
}

function messageOf(error: YAMLError): string {
  if (error.code === 'TAB_AS_INDENT') return 'a tab in the indentation; YAML allows only spaces';
  return error.message;
}
