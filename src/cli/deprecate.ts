import type { Command } from 'commander';
import { type DeprecateOptions, planDeprecate } from '../author/deprecate.js';
import { pickVersion } from '../author/pick.js';
import { loadRegistry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
import type { Session } from './session.js';

/** `rtn deprecate`: a version that still runs, but should be left. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(command.argument('<name@version...>', 'published versions, or their files'))
    .option('--replaced-by <name@version>', 'what to use instead')
    .option('--reason <text>', 'why it should not be used')
    .option('--remove-after <date>', 'day after which it should be gone, YYYY-MM-DD')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn deprecate driver_push@1.4.9 --replaced-by driver_push@1.5.0\n  rtn deprecate one-shot@1.0.0 --reason "no metrics" --remove-after 2027-06-30',
    )
    .action(async (names: string[], options: AuthorOptions & DeprecateOptions) => {
      const specs = await session.components();
      const steps = names.map((name) => async (tree: FileTree) => {
        const registry = loadRegistry(tree, specs);
        return planDeprecate(pickVersion(registry, name, options.kind), registry, options);
      });
      await carryOut(steps, options, session);
    });
}
