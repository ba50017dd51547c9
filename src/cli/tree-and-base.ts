import type { ComponentSpec } from '../component.js';
import { compareWithBase } from '../git/merge-base.js';
import { workTree } from '../git/worktree.js';
import { ARTEFACT_KINDS, classify, FOLDERS } from '../registry/artefact.js';
import { CONFIG_FILE } from '../registry/config.js';
import { loadRegistry } from '../registry/registry.js';
import { textDigest } from '../registry/scripts.js';
import { type FileTree, withChanges } from '../registry/tree.js';
import { WAIVERS_FILE } from '../registry/waivers.js';
import type { Base } from '../rules/change.js';

/** The files that a check reads as they were on the base; of others it only matters whether they changed. */
function isOfRegistry(path: string): boolean {
  return (
    path === CONFIG_FILE ||
    path === WAIVERS_FILE ||
    ARTEFACT_KINDS.some((kind) => path.startsWith(`${FOLDERS[kind]}/`))
  );
}

/** What is judged and the base to judge it by. Throws `undetermined` where the base cannot be known. */
export async function treeAndBase(
  root: string,
  ref: string,
  { isStaged }: { isStaged: boolean },
  specs: readonly ComponentSpec[],
): Promise<{ tree: FileTree; base: Base }> {
  const {
    commit,
    changed,
    before: files,
    index,
    target,
  } = await compareWithBase(root, ref, {
    isStaged,
    keeps: isOfRegistry,
  });
  const tree = isStaged ? withChanges(workTree(root), index) : workTree(root);
  const before = loadRegistry(withChanges(tree, files), specs);
  const taken = target.flatMap(({ path, content }) => {
    const identity = classify(path);
    if (content === null || typeof identity !== 'object' || !('kind' in identity)) return [];
    const isOld = before.find(identity.kind, identity.name, identity.version) !== undefined;
    const ours = content === undefined ? undefined : tree.read(path);
    const isAlike = ours !== undefined && content !== undefined && textDigest(ours) === textDigest(content);
    return isOld || isAlike ? [] : [identity];
  });
  return { tree, base: { ref, commit, registry: before, changed: new Set(changed), taken } };
}
