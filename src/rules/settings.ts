import { CONFIG_FILE, readConfig } from '../registry/config.js';
import type { Finding, Severity } from '../registry/finding.js';
import { suggestion } from '../registry/spelling.js';
import type { FileTree } from '../registry/tree.js';
import type { Rule } from './rule.js';

const setting: Rule = {
  id: 'config/rule',
  severity: 'error',
  doc: 'rtn.yaml sets the severity of a rule that does not exist, or weakens one of those that keep the registry readable and its versions immutable. For a single version that must be excepted there are waivers (waivers.yaml).',
  isFirm: true,
  check: () => [],
};

export const CONFIG_RULES: readonly Rule[] = [setting];

/** The severity that rtn.yaml gives a rule, undefined where it leaves it alone; and what is wrong with rtn.yaml. */
export function settings(
  tree: FileTree,
  rules: readonly Rule[],
): { severityOf: (rule: Rule) => Severity | 'off' | undefined; findings: Finding[] } {
  const { config, source, findings } = readConfig(tree);
  const wrong = Object.entries(config.rules).flatMap(([id, severity]): Finding[] => {
    const problem = problemOf(id, severity, rules);
    if (problem === undefined || source === undefined) return [];
    const place = source.positionOfKey(['rules', id]);
    return [{ rule: setting.id, severity: 'error', file: CONFIG_FILE, ...place, message: problem }];
  });
  const severityOf = (rule: Rule) => {
    const set = config.rules[rule.id];
    return set === undefined || problemOf(rule.id, set, rules) !== undefined ? undefined : set;
  };
  return { severityOf, findings: [...findings, ...wrong] };
}

function problemOf(id: string, severity: Severity | 'off', rules: readonly Rule[]): string | undefined {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined)
    return `there is no rule '${id}'${suggestion(
      id,
      rules.map((known) => known.id),
    )}`;
  return rule.isFirm === true && severity !== 'error'
    ? `${id} cannot be weakened; except a single version in waivers.yaml`
    : undefined;
}
