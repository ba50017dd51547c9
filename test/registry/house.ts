import { join } from 'node:path';
import { workTree } from '../../src/git/worktree.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';

export const OPERATION = 'operations/driver_push/1.4.10.yaml';
export const LAYER = 'layers/taxi-crm-push/1.4.10.yaml';
export const ONE_SHOT = 'templates/one-shot/1.0.0.yaml';

/** The small registry that these tests share: one operation, one layer, two templates, all drafts, no findings. */
export const house: FileTree = workTree(join(import.meta.dirname, 'house'));

export function textOf(path: string, tree: FileTree = house): string {
  return Buffer.from(tree.read(path) ?? '').toString();
}

/** The house with texts of one file replaced; each must be there. */
export function edited(
  path: string,
  edits: Readonly<Record<string, string>>,
  tree: FileTree = house,
): FileTree {
  let text = textOf(path, tree);
  for (const [from, to] of Object.entries(edits)) {
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    text = text.replace(from, () => to);
  }
  return withChanges(tree, [{ path, content: text }]);
}
