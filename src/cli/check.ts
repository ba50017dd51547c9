import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import { GENERATE_RULES } from '../generator/drift-rules.js';
import { workTree } from '../git/worktree.js';
import { decode } from '../registry/source.js';
import { suggestion } from '../registry/spelling.js';
import { jsonReport } from '../report/json.js';
import { withoutSecrets } from '../report/mask.js';
import { plural, textReport } from '../report/text.js';
import { judge, RULES } from '../rules/judge.js';
import { rootOf, type Session, withRoot } from './session.js';

interface CheckOptions {
  readonly root?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly strict?: boolean;
  readonly explain?: string | true;
}

/** `rtn check`: every finding at once; exit code 1 where there are errors. */
export function register(command: Command, session: Session): void {
  withRoot(command)
    .option('--json', 'print the findings as JSON')
    .option('--strict', 'let warnings fail, too')
    .option('--quiet', 'print nothing when there are no findings')
    .option('--explain [rule]', 'tell what a rule means; without a name, list them all')
    .addHelpText(
      'after',
      '\nExit codes: 0 clean, 1 findings, 2 usage, 3 could not determine, 70 a bug in rtn.\n\nExamples:\n  rtn check\n  rtn check --explain version/immutable',
    )
    .action(async (options: CheckOptions) => {
      if (options.explain !== undefined) session.out(explain(options.explain));
      else await check(options, session);
    });
}

async function check(options: CheckOptions, session: Session): Promise<void> {
  const tree = workTree(rootOf(options, session));
  const { registry, findings } = judge(tree, await session.components());
  const textOf = (file: string): string | undefined => decode(tree.read(file) ?? new Uint8Array());
  const scope = plural(registry.artefacts.length, 'artefact');
  if (options.json === true)
    session.out(jsonReport(withoutSecrets(findings, textOf), registry.artefacts.length));
  else if (findings.length > 0 || options.quiet !== true)
    session.out(textReport(findings, { textOf, hasColor: session.hasColor, scope }));
  const isFailed = findings.some(({ severity }) => severity === 'error' || options.strict === true);
  session.exitCode = isFailed ? COMMAND_EXIT.findings : COMMAND_EXIT.ok;
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
