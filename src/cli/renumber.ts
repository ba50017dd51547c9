import type { Command } from 'commander';
import { pickVersion } from '../author/pick.js';
import { planRenumber } from '../author/renumber.js';
import { loadRegistry } from '../registry/registry.js';
import { type AuthorOptions, carryOut, withAuthorOptions } from './author.js';
import type { Session } from './session.js';

/** `rtn renumber`: for a number that was taken meanwhile, or one in an older notation. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(
    command
      .argument('<name@version>', 'the version as it is numbered now, or its file')
      .argument('<version>', 'the number that it gets: strict and free'),
  )
    .addHelpText(
      'after',
      '\nOnly for a version that is not on the target branch yet: its digests are made anew.\n\nExamples:\n  rtn renumber driver_push@1.4.11 1.4.12\n  rtn renumber operations/driver_push/1.4.5dev.yaml 1.4.5-dev',
    )
    .action(async (name: string, version: string, options: AuthorOptions) => {
      const specs = await session.components();
      await carryOut(
        [
          async (tree) => {
            const registry = loadRegistry(tree, specs);
            return planRenumber(pickVersion(registry, name, options.kind), version, registry);
          },
        ],
        options,
        session,
      );
    });
}
