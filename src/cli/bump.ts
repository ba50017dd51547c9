import { type Command, Option } from 'commander';
import { type BumpOptions, planBump, planBumpAll } from '../author/bump.js';
import { pick } from '../author/pick.js';
import { RtnError } from '../error.js';
import { openHistory } from '../git/history.js';
import { loadRegistry } from '../registry/registry.js';
import type { Level } from '../registry/version.js';
import { type AuthorOptions, carryOut, type Step, withAuthorOptions } from './author.js';
import { rootOf, type Session } from './session.js';
import { treeAndBase } from './tree-and-base.js';

interface BumpVerbOptions extends AuthorOptions {
  readonly level: Level;
  readonly layer?: string;
  readonly template?: readonly string[];
  readonly all?: boolean;
  readonly base?: string;
}

/** `rtn bump`: the one way to change what was published. */
export function register(command: Command, session: Session): void {
  withAuthorOptions(
    command.argument('[name...]', 'NAME, NAME@VERSION or a file; without a version the newest'),
  )
    .addOption(
      new Option('--level <level>', 'which number rises')
        .choices(['patch', 'minor', 'major'])
        .default('patch'),
    )
    .option('--layer <name@version>', 'let the draft name this layer')
    .option('--template <name@version...>', 'let its runners use these templates')
    .option(
      '--base <ref>',
      'move what differs from this branch, though its record was rewritten, too; take a number that is free there',
    )
    .option('--all', 'every operation that names another version of this layer or template')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn bump driver_push\n  rtn bump driver_push --level minor --layer taxi-crm-push@1.5.0\n  rtn bump --all --template one-shot@1.0.1',
    )
    .action(async (names: string[], options: BumpVerbOptions) =>
      carryOut(await steps(names, options, session), options, session),
    );
}

async function steps(names: string[], options: BumpVerbOptions, session: Session): Promise<Step[]> {
  const specs = await session.components();
  const { level, layer, template: templates, all = false, kind } = options;
  const base = options.base === undefined ? undefined : await baseOf(options.base, options, session);
  const bump: BumpOptions = { level, layer, templates, base };
  if (all === names.length > 0) {
    throw new RtnError('usage', all ? '--all takes no names' : "missing required argument 'name', or --all", {
      next: 'rtn bump NAME, or rtn bump --all --template NAME@VERSION',
    });
  }
  if (all) return [(tree, root) => planBumpAll(loadRegistry(tree, specs), bump, () => openHistory(root))];
  return names.map((name) => async (tree, root) => {
    const registry = loadRegistry(tree, specs);
    return planBump(pick(registry, name, kind), registry, bump, () => openHistory(root));
  });
}

/** The commit to compare with and the versions that are no longer free there. */
async function baseOf(
  ref: string,
  options: BumpVerbOptions,
  session: Session,
): Promise<NonNullable<BumpOptions['base']>> {
  const root = rootOf(options, session);
  const { base } = await treeAndBase(root, ref, { isStaged: false }, await session.components());
  return { commit: base.commit, taken: [...base.registry.artefacts, ...base.taken] };
}
