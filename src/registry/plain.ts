import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { ambiguity, versionNumber } from './ambiguous.js';
import { MAX_DEPTH } from './compose.js';

type Rule = `yaml/${'syntax' | 'duplicate-key' | 'number' | 'ambiguous' | 'version-number'}`;

/** Something that YAML allows and that a registry must not: each would mean another thing to another reader. */
export interface Trap {
  readonly rule: Rule;
  readonly message: string;
  readonly offset: number;
}

/** Values after aliases are expanded: 100 times what a large operation has, far below what hurts. */
const MAX_VALUES = 50_000;
const MAX_ALIASES = 1_000;
const MAX_TRAPS = 20;

/**
 * A YAML tree as plain data. Our own walk instead of the library's `toJS`, because an alias that holds itself, a bomb
 * of aliases, a merge key, a map as a key and a number that loses digits must end in a finding.
 */
export function plainValue(
  root: Node | null,
  resolve: (alias: Alias) => Node | undefined,
): { value: unknown; traps: Trap[] } {
  const walk = new Walk(resolve);
  return { value: walk.valueOf(root, []), traps: [...walk.traps.values()] };
}

class Walk {
  /** By place: what stands behind an anchor is told once, and of one place one thing. */
  readonly traps = new Map<number, Trap>();
  readonly #resolve: (alias: Alias) => Node | undefined;
  readonly #open = new Set<Node>();
  #values = 0;
  #aliases = 0;

  constructor(resolve: (alias: Alias) => Node | undefined) {
    this.#resolve = resolve;
  }

  valueOf(node: unknown, path: readonly string[]): unknown {
    if (this.traps.size > MAX_TRAPS || node === null || node === undefined) return null;
    if (++this.#values > MAX_VALUES)
      return this.#values === MAX_VALUES + 1
        ? this.#trap(
            node,
            `the document expands to more than ${MAX_VALUES} values; are aliases nested in aliases?`,
          )
        : null;
    if (path.length > MAX_DEPTH)
      return this.#trap(node, `the document is nested more than ${MAX_DEPTH} levels deep`);
    if (isAlias(node)) return this.#aliasValue(node, path);
    if (isScalar(node)) return this.#scalarValue(node, path);
    if (!isMap(node) && !isSeq(node)) return this.#trap(node, 'this is no map, list or scalar');
    this.#open.add(node);
    const value = isMap(node)
      ? this.#mapValue(node.items, path)
      : node.items.map((item) => this.valueOf(item, [...path, '']));
    this.#open.delete(node);
    return value;
  }

  #mapValue(pairs: readonly { key: unknown; value: unknown }[], path: readonly string[]): unknown {
    const entries = new Map<string, unknown>();
    for (const { key: node, value } of pairs) {
      const key = this.#key(node);
      if (entries.has(key))
        this.#trap(
          node,
          'the key stands twice in one map; the parser would silently keep one of them',
          'yaml/duplicate-key',
        );
      entries.set(key, this.valueOf(value, [...path, key]));
    }
    return Object.fromEntries(entries);
  }

  #aliasValue(node: Alias, path: readonly string[]): unknown {
    if (++this.#aliases > MAX_ALIASES)
      return this.#trap(node, `the document has more than ${MAX_ALIASES} aliases`);
    const target = this.#resolve(node);
    if (target === undefined) return this.#trap(node, `the alias *${node.source} names no anchor`);
    return this.#open.has(target)
      ? this.#trap(node, `the alias *${node.source} stands inside its own anchor`)
      : this.valueOf(target, path);
  }

  #scalarValue(node: Scalar, path: readonly string[]): unknown {
    const { value } = node;
    if (typeof value === 'number' && isVersionPath(path))
      return this.#trap(node, versionNumber(node.source ?? String(value), value), 'yaml/version-number');
    const doubt = isPlain(node) ? ambiguity(node.source ?? '') : undefined;
    // What rtn reads is known, so that a file which only rtn reads may take it as it is.
    if (doubt !== undefined) this.#trap(node, doubt, 'yaml/ambiguous');
    if (typeof value === 'number' && !isExact(node, value))
      return this.#trap(node, 'this number cannot be held exactly; write it in quotes', 'yaml/number');
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value))
      return this.#trap(node, `the tag ${node.tag} is not read; write the value as a text`);
    return value;
  }

  #key(node: unknown): string {
    if (node === null) return '';
    if (!isScalar(node)) {
      this.#trap(node, 'a key must be a plain text, not a list, a map or an alias');
      return '';
    }
    if (node.value === '<<' && node.type === 'PLAIN')
      this.#trap(
        node,
        "merge keys ('<<') are not read; write the keys out, or share a whole value with an alias",
      );
    const doubt = isPlain(node) ? ambiguity(node.source ?? '') : undefined;
    if (doubt !== undefined) this.#trap(node, doubt, 'yaml/ambiguous');
    return String(node.value ?? '');
  }

  #trap(node: unknown, message: string, rule: Rule = 'yaml/syntax'): null {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    if (!this.traps.has(offset)) this.traps.set(offset, { rule, message, offset });
    return null;
  }
}

/** Where a version stands: that of the document, and those of a layer's packages. */
function isVersionPath([first, ...rest]: readonly string[]): boolean {
  return (first === 'version' && rest.length === 0) || (first === 'packages' && rest.length === 1);
}

/** Without quotes and without a tag: what it is, is guessed from how it looks. */
function isPlain({ type, tag }: Scalar): boolean {
  return type === 'PLAIN' && tag === undefined;
}

/** A number written without a fraction or exponent means each of its digits. */
function isExact({ source }: Scalar, value: number): boolean {
  const isWhole = source === undefined || /^[-+]?\d+$/.test(source);
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !isWhole);
}
