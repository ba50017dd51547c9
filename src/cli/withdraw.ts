import type { Command } from 'commander';
import { pickVersion } from '../author/pick.js';
import { planWithdraw, type WithdrawOptions } from '../author/withdraw.js';
import { loadRegistry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
import type { Session } from './session.js';

/** `rtn withdraw`: a bad version, which nothing runs any more. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(command.argument('<name@version...>', 'published versions, or their files'))
    .requiredOption('--reason <text>', 'what is wrong with it')
    .option('--replaced-by <name@version>', 'what to use instead')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn withdraw driver_push@1.4.9 --reason "sends every message twice"\n  rtn withdraw one-shot@1.0.1 --reason "loses the last batch" --replaced-by one-shot@1.0.2',
    )
    .action(async (names: string[], options: AuthorOptions & WithdrawOptions) => {
      const specs = await session.components();
      const steps = names.map((name) => async (tree: FileTree) => {
        const registry = loadRegistry(tree, specs);
        return planWithdraw(pickVersion(registry, name, options.kind), registry, options);
      });
      await carryOut(steps, options, session);
    });
}
