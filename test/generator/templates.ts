import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { template } from './driver-push.js';

/** A registry's tree with the runner templates of our own registry in place of its own. */
export function withOurTemplates(tree: FileTree): FileTree {
  const texts = ['one-shot', 'service'].map((name) => ({
    path: `templates/${name}/1.0.0.mjs.hbs`,
    content: template(name).text,
  }));
  return withChanges(tree, texts);
}
