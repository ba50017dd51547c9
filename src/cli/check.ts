import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../clock.js';
import { RtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import { GENERATE_RULES } from '../generator/drift-rules.js';
import { workTree } from '../git/worktree.js';
import { decode } from '../registry/source.js';
import { suggestion } from '../registry/spelling.js';
import type { FileTree } from '../registry/tree.js';
import { jsonReport } from '../report/json.js';
import { plural, textReport } from '../report/text.js';
import type { Base } from '../rules/change.js';
import { type Judgement, judge, RULES } from '../rules/judge.js';
import { componentsOf } from './components.js';
import { rootOf, type Session, withRoot } from './session.js';
import { treeAndBase } from './tree-and-base.js';

interface CheckOptions {
  readonly root?: string;
  readonly base?: string;
  readonly staged?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly strict?: boolean;
  readonly explain?: string | true;
  readonly components: boolean;
}

/** `rtn check`: every finding at once; exit code 1 where there are errors. */
export function register(command: Command, session: Session): void {
  withRoot(command)
    .option(
      '--base <ref>',
      'judge what differs from the merge base of REF and HEAD, and what depends on it: committed, staged, unstaged and untracked',
      (ref: string) => {
        if (ref === '') throw new InvalidArgumentError('expected a branch, a tag or a commit');
        return ref;
      },
    )
    .option(
      '--staged',
      'judge what is staged in place of the files on disk (against HEAD, unless --base is given)',
    )
    .option('--json', 'print the findings as JSON')
    .option('--strict', 'let warnings fail, too')
    .option('--quiet', 'print nothing when there are no findings')
    .option(
      '--no-components',
      "judge without importing the registry's own components (use: ./…): for code that is not trusted",
    )
    .option('--explain [rule]', 'tell what a rule means; without a name, list them all')
    .addHelpText(
      'after',
      `
Without --base everything is judged, and a published version is held against its own digests. With --base the old
versions come from git, which is what proves that none was rewritten.

Exit codes: 0 clean, 1 errors found, 2 usage, 3 could not determine (no git, unknown base), 70 a bug in rtn.

Examples:
  rtn check
  rtn check --base origin/main
  rtn check --staged
  rtn check --explain version/immutable`,
    )
    .action(async (options: CheckOptions) => {
      if (options.explain !== undefined) session.out(explain(options.explain));
      else await check(options, session);
    });
}

async function check(options: CheckOptions, session: Session): Promise<void> {
  const root = rootOf(options, session);
  const { specs, problems } = await componentsOf(root, session, { isImported: options.components });
  const ref = options.base ?? (options.staged === true ? 'HEAD' : undefined);
  const { tree, base } =
    ref === undefined
      ? { tree: workTree(root), base: undefined }
      : await treeAndBase(root, ref, { isStaged: options.staged === true }, specs);
  const judgement = judge(tree, specs, { base, today: today(), modules: problems });
  const { findings } = judgement;
  if (options.json === true) session.out(jsonReport({ ...judgement, base, textOf: textOf(tree, base) }));
  else if (findings.length > 0 || options.quiet !== true)
    session.out(
      textReport(findings, {
        textOf: textOf(tree, base),
        hasColor: session.hasColor,
        scope: scopeInWords(judgement, base),
        waived: judgement.waived,
      }),
    );
  const isFailed = findings.some(({ severity }) => severity === 'error' || options.strict === true);
  session.exitCode = isFailed ? COMMAND_EXIT.findings : COMMAND_EXIT.ok;
}

/** Today's date (UTC), as documents write it. */
export function today(): string {
  return new Date(systemClock.now()).toISOString().slice(0, 10);
}

/** What was removed is shown as it was. */
function textOf(tree: FileTree, base: Base | undefined) {
  return (file: string): string | undefined =>
    decode(tree.read(file) ?? base?.registry.tree.read(file) ?? new Uint8Array());
}

function scopeInWords({ registry, judged }: Judgement, base: Base | undefined): string {
  const all = plural(registry.artefacts.length, 'artefact');
  if (base === undefined) return all;
  return `${judged.length} of ${all}, against ${base.ref} (${base.commit.slice(0, 10)})`;
}
/** The rules of this verb, and those of `rtn generate --check`. */
const EXPLAINED = [...RULES, ...GENERATE_RULES];

function explain(id: string | true): string {
  if (id === true) return `${EXPLAINED.map((rule) => `${rule.id.padEnd(30)} ${rule.severity}`).join('\n')}\n`;
  const rule = EXPLAINED.find((candidate) => candidate.id === id);
  if (rule === undefined) {
    const ids = EXPLAINED.map((known) => known.id);
    throw new RtnError('usage', `there is no rule '${id}'${suggestion(id, ids)}`, {
      next: 'rtn check --explain',
    });
  }
  return `${rule.id} (${rule.severity})\n\n${rule.doc}\n`;
}
