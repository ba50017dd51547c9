import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { planPublish } from '../author/publish.js';
import { systemClock } from '../clock.js';
import type { FileTree } from '../registry/tree.js';
import { judge } from '../rules/judge.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
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
      const specs = await session.components();
      const { withDeps = false, keepPrevious = false } = options;
      const today = new Date(systemClock.now()).toISOString().slice(0, 10);
      const steps = names.map((name) => async (tree: FileTree) => {
        const artefact = pick(judge(tree, specs).registry, name, options.kind);
        return planPublish(artefact, tree, (other) => judge(other, specs), { withDeps, keepPrevious, today });
      });
      await carryOut(steps, options, session);
    });
}
