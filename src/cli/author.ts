import { type Command, Option } from 'commander';
import type { Plan } from '../author/plan.js';
import { workTree, writeChanges } from '../git/worktree.js';
import { ARTEFACT_KINDS } from '../registry/artefact.js';
import { type FileTree, withChanges } from '../registry/tree.js';
import { rootOf, type Session, withRoot } from './session.js';

/** The options that all verbs of authors have. */
export interface AuthorOptions {
  readonly root?: string;
  readonly kind?: (typeof ARTEFACT_KINDS)[number];
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function withAuthorOptions(command: Command): Command {
  return withRoot(command)
    .argument('<name...>', 'NAME, NAME@VERSION or a file; without a version the newest')
    .addOption(
      new Option('--kind <kind>', 'what NAME is, where several kinds have it').choices(ARTEFACT_KINDS),
    )
    .option('--dry-run', 'tell what would be done, and do nothing')
    .option('--json', 'print what was done as JSON');
}

/** Plans each name on the tree that the names before it would leave, then writes all of it or nothing, and tells. */
export async function carryOut(
  names: readonly string[],
  options: AuthorOptions,
  session: Session,
  plan: (name: string, tree: FileTree, root: string) => Promise<Plan>,
): Promise<void> {
  const root = rootOf(options, session);
  const plans: Plan[] = [];
  let tree: FileTree = workTree(root);
  for (const name of names) {
    const next = await plan(name, tree, root);
    plans.push(next);
    tree = withChanges(tree, next.changes);
  }
  const changes = new Map(plans.flatMap((done) => done.changes).map((change) => [change.path, change]));
  if (options.dryRun !== true) writeChanges(root, [...changes.values()]);
  session.out(options.json === true ? asJson(plans, options) : asText(plans, options));
}

function asText(plans: readonly Plan[], { dryRun }: AuthorOptions): string {
  const notes = plans
    .flatMap((plan) => plan.notes)
    .map((note) => `${dryRun === true ? 'would: ' : ''}${note}\n`);
  return `${notes.join('')}${[...new Set(plans.map((plan) => plan.next))].map((next) => `next: ${next}\n`).join('')}`;
}

function asJson(plans: readonly Plan[], { dryRun = false }: AuthorOptions): string {
  const files = plans.flatMap((plan) => plan.changes.map(({ path }) => path));
  return `${JSON.stringify({ dryRun, notes: plans.flatMap((plan) => plan.notes), files, next: plans.map((plan) => plan.next) }, null, 2)}\n`;
}
