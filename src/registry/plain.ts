import { type Alias, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';

/** Something that YAML allows and that a registry must not: each would mean another thing to another reader. */
export interface Trap {
  readonly rule: 'yaml/syntax' | 'yaml/number';
  readonly message: string;
  readonly offset: number;
}

const MAX_DEPTH = 64;
/** Values after aliases are expanded: 100 times what a large operation has, far below what hurts. */
const MAX_VALUES = 50_000;
/** Resolving an alias walks the document, so many of them would cost its square. */
const MAX_ALIASES = 1_000;

/**
 * A YAML tree as plain data. Our own walk instead of the library's `toJS`, because an alias that holds itself, a bomb
 * of aliases, a merge key, a map as a key and a number that loses digits must end in a finding.
 */
export function plainValue(
  root: Node | null,
  resolve: (alias: Alias) => Node | undefined,
): { value: unknown; traps: Trap[] } {
  const traps: Trap[] = [];
  const open = new Set<Node>();
  let count = 0;
  let aliases = 0;
  const trap = (node: unknown, message: string, rule: Trap['rule'] = 'yaml/syntax'): null => {
    traps.push({ rule, message, offset: (node as Node | null)?.range?.[0] ?? 0 });
    return null;
  };
  const scalar = (value: unknown, node: Node): unknown => {
    if (
      typeof value !== 'number' ||
      Number.isSafeInteger(value) ||
      (Number.isFinite(value) && !isWhole(node))
    )
      return value;
    return trap(node, 'this number cannot be held exactly; write it in quotes', 'yaml/number');
  };
  const key = (node: unknown): string => {
    if (node === null) return '';
    if (!isScalar(node)) return trap(node, 'a key must be a plain text, not a list, a map or an alias') ?? '';
    if (node.value === '<<' && node.type === 'PLAIN')
      trap(node, "merge keys ('<<') are not read; write the keys out, or share a whole value with an alias");
    return String(node.value ?? '');
  };
  const walk = (node: unknown, depth: number): unknown => {
    if (traps.length > 20 || node === null || node === undefined) return null;
    if (++count > MAX_VALUES)
      return count === MAX_VALUES + 1
        ? trap(node, `the document expands to more than ${MAX_VALUES} values; are aliases nested in aliases?`)
        : null;
    if (depth > MAX_DEPTH) return trap(node, `the document is nested more than ${MAX_DEPTH} levels deep`);
    if (isAlias(node)) {
      if (++aliases > MAX_ALIASES) return trap(node, `the document has more than ${MAX_ALIASES} aliases`);
      const target = resolve(node);
      if (target === undefined) return trap(node, `the alias *${node.source} names no anchor`);
      return open.has(target)
        ? trap(node, `the alias *${node.source} stands inside its own anchor`)
        : walk(target, depth + 1);
    }
    if (isScalar(node)) return scalar(node.value, node);
    if (!isMap(node) && !isSeq(node)) return trap(node, 'this is no map, list or scalar');
    open.add(node);
    const value = isMap(node)
      ? Object.fromEntries(node.items.map((pair) => [key(pair.key), walk(pair.value, depth + 1)]))
      : node.items.map((item) => walk(item, depth + 1));
    open.delete(node);
    return value;
  };
  return { value: walk(root, 0), traps };
}

/** Whether a number is written without a fraction or exponent: then each digit is meant. */
function isWhole(node: Node): boolean {
  const { source } = node as { source?: string };
  return source === undefined || /^[-+]?\d+$/.test(source);
}
