import { type Command, Option } from 'commander';
import { nextCommands, type Plan } from '../author/plan.js';
import { workTree, writeChanges } from '../git/worktree.js';
import { ARTEFACT_KINDS } from '../registry/artefact.js';
import { loadRegistry } from '../registry/registry.js';
import { scheduledOperation } from '../registry/scheduleFile.js';
import { type FileTree, withChanges } from '../registry/tree.js';
import { scheduleMoves } from '../rules/scheduleMoves.js';
import { rootOf, type Session, withRoot } from './session.js';

/** What every verb that writes can be told about its output. */
export interface OutputOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The options that all verbs of authors have. */
export interface AuthorOptions extends OutputOptions {
  readonly root?: string;
  readonly kind?: (typeof ARTEFACT_KINDS)[number];
}

/** One step of a verb, planned on the tree that the steps before it would leave. */
export type Step = (tree: FileTree, root: string) => Promise<Plan>;

/** Adds `--kind` and the options that all verbs of authors have; the arguments are the verb's own. */
export function withAuthorOptions(command: Command): Command {
  return withOutputOptions(
    withRoot(command).addOption(
      new Option('--kind <kind>', 'what NAME is, where several kinds have it').choices(ARTEFACT_KINDS),
    ),
  );
}

export function withOutputOptions(command: Command): Command {
  return command
    .option('--dry-run', 'tell what would be done, and do nothing')
    .option('--json', 'print what was done as JSON');
}

/** Plans each step on the tree that the steps before it would leave, then writes all of it or nothing, and tells. */
export async function carryOut(
  steps: readonly Step[],
  options: AuthorOptions,
  session: Session,
  root = rootOf(options, session),
): Promise<void> {
  const plans: Plan[] = [];
  let tree: FileTree = workTree(root);
  for (const step of steps) {
    const plan = await step(tree, root);
    plans.push(plan);
    tree = withChanges(tree, plan.changes);
  }
  plans.push(await movesOf(workTree(root), tree, session));
  const changes = new Map(plans.flatMap((plan) => plan.changes).map((change) => [change.path, change]));
  if (options.dryRun !== true) writeChanges(root, [...changes.values()]);
  session.out(options.json === true ? asJson(plans, options) : asText(plans, options));
}

/** What becomes of the schedules, where there are any, as a plan that changes nothing. */
async function movesOf(before: FileTree, after: FileTree, session: Session): Promise<Plan> {
  const none: Plan = { changes: [], notes: [] };
  if (!after.list('operations').some((path) => scheduledOperation(path) !== undefined)) return none;
  const specs = await session.components();
  return { ...none, cautions: scheduleMoves(loadRegistry(before, specs), loadRegistry(after, specs)) };
}

function asText(plans: readonly Plan[], { dryRun }: OutputOptions): string {
  const notes = plans.flatMap(({ notes, changes }) => {
    const prefix = dryRun === true && changes.length > 0 ? 'would: ' : '';
    return notes.map((note) => `${prefix}${note}\n`);
  });
  const cautions = plans.flatMap((plan) => plan.cautions ?? []).map((caution) => `${caution}\n`);
  const next = nextCommands(plans).map((command) => `next: ${command}\n`);
  return [...notes, ...cautions, ...next].join('');
}

function asJson(plans: readonly Plan[], { dryRun = false }: OutputOptions): string {
  const files = [...new Set(plans.flatMap((plan) => plan.changes.map(({ path }) => path)))];
  const notes = plans.flatMap((plan) => plan.notes);
  const cautions = plans.flatMap((plan) => plan.cautions ?? []);
  return `${JSON.stringify({ dryRun, notes, cautions, files, next: nextCommands(plans) }, null, 2)}\n`;
}
