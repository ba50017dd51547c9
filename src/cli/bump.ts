import { type Command, Option } from 'commander';
import { planBump } from '../author/bump.js';
import { pick } from '../author/pick.js';
import { openHistory } from '../git/history.js';
import { loadRegistry } from '../registry/registry.js';
import type { Level } from '../registry/version.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
import type { Session } from './session.js';

interface BumpVerbOptions extends AuthorOptions {
  readonly level: Level;
  readonly layer?: string;
  readonly template?: readonly string[];
}

/** `rtn bump`: the one way to change what was published. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(command)
    .addOption(
      new Option('--level <level>', 'which number rises')
        .choices(['patch', 'minor', 'major'])
        .default('patch'),
    )
    .option('--layer <name@version>', 'let the new draft name this layer')
    .option('--template <name@version...>', 'let its runners use these templates')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn bump driver_push\n  rtn bump driver_push --level minor --layer taxi-crm-push@1.5.0',
    )
    .action((names: string[], options: BumpVerbOptions) =>
      carryOut(names, options, session, async (name, tree, root) => {
        const registry = loadRegistry(tree, await session.components());
        const { level, layer, template: templates } = options;
        return planBump(pick(registry, name, options.kind), registry, { level, layer, templates }, () =>
          openHistory(root),
        );
      }),
    );
}
