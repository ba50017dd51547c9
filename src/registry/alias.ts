import { type Alias, isAlias, isMap, isPair, isScalar, isSeq, type Node } from 'yaml';

/**
 * What each alias of a tree stands for: the nearest node before it with that anchor. One pass, where the library's
 * `resolve` walks the document for every alias.
 */
export function aliasTargets(root: Node | null): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const visit = (node: unknown): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (isPair(node)) {
      visit(node.key);
      visit(node.value);
      return;
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (!isScalar(node)) for (const item of node.items) visit(item);
  };
  visit(root);
  return targets;
}
