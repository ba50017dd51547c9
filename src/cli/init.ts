import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { PACKAGE_NAME } from '../generator/runner.js';
import { workTree } from '../git/worktree.js';
import { schemaFiles } from '../registry/documentSchema.js';
import { loadRegistry } from '../registry/registry.js';
import { judge } from '../rules/judge.js';
import { planInit } from '../scaffold/init.js';
import { carryOut, type OutputOptions, withOutputOptions } from './author.js';
import { today } from './check.js';
import { manifestOf, packageRoot } from './installed.js';
import type { Session } from './session.js';

/** `rtn init`: a registry to begin with. */
export function register(command: Command, session: Session): void {
  withOutputOptions(
    command.argument('[dir]', 'folder of the registry, most often that of the repository', '.'),
  )
    .addHelpText('after', '\nExamples:\n  rtn init\n  rtn init notifications --dry-run')
    .action(async (dir: string, options: OutputOptions) => {
      const specs = await session.components();
      const day = today();
      const root = resolve(session.cwd, dir);
      const manifest = manifestOf(packageRoot());
      const starter = {
        origin: loadRegistry(workTree(packageRoot()), specs),
        package: `${PACKAGE_NAME}@${manifest?.version}`,
        node: manifest?.engines?.node ?? '>=20',
        schemas: schemaFiles(specs),
        today: day,
      };
      const step = async () => {
        const plan = planInit(workTree(root), starter, (tree) => judge(tree, specs, { today: day }));
        const below = relative(session.cwd, root);
        return { ...plan, next: `${below === '' ? '' : `cd ${below} && `}${String(plan.next)}` };
      };
      await carryOut([step], options, session, root);
    });
}
