import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { planPublish } from '../author/publish.js';
import { headOf } from '../git/git.js';
import { loadRegistry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { judge } from '../rules/judge.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
import { today } from './check.js';
import { componentsOf } from './components.js';
import type { Session } from './session.js';

interface PublishVerbOptions extends AuthorOptions {
  readonly withDeps?: boolean;
  readonly keepPrevious?: boolean;
}

/** `rtn publish`: from here on a version never changes. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(
    command.argument('<name...>', 'NAME, NAME@VERSION or a file; without a version the newest'),
  )
    .option('--with-deps', 'publish the draft layer and templates that it names first')
    .option('--keep-previous', 'leave the version before it active')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn publish driver_push --with-deps\n  rtn publish one-shot@1.0.1 --keep-previous',
    )
    .action(async (names: string[], options: PublishVerbOptions) => {
      const { withDeps = false, keepPrevious = false } = options;
      const day = today();
      let commit: string | undefined;
      const steps = names.map((name) => async (tree: FileTree, root: string) => {
        commit ??= await headOf(root);
        const { specs, problems: modules } = await componentsOf(root, session);
        const artefact = pick(loadRegistry(tree, specs), name, options.kind);
        return planPublish(artefact, tree, (other) => judge(other, specs, { today: day, modules }), {
          withDeps,
          keepPrevious,
          today: day,
          commit,
        });
      });
      await carryOut(steps, options, session);
    });
}
