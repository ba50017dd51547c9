import type { ComponentSpec } from '../component.js';
import { type Finding, inOrder } from '../registry/finding.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { BINDING_RULES } from './binding.js';
import { LAYER_RULES } from './layer.js';
import { REFERENCE_RULES } from './reference.js';
import type { Rule } from './rule.js';
import { SCHEMA_RULES } from './schema.js';
import { TEMPLATE_RULES } from './template.js';
import { VERSION_RULES } from './version.js';
import { YAML_RULES } from './yaml.js';

/** Every rule, in the order in which they are listed and explained. */
export const RULES: readonly Rule[] = [
  ...YAML_RULES,
  ...SCHEMA_RULES,
  ...VERSION_RULES,
  ...LAYER_RULES,
  ...TEMPLATE_RULES,
  ...REFERENCE_RULES,
  ...BINDING_RULES,
];

/** Reads a tree and judges all of it: every finding at once, in reading order. */
export function judge(
  tree: FileTree,
  specs: readonly ComponentSpec[],
): { registry: Registry; findings: Finding[] } {
  const { registry, findings: loading } = loadRegistry(tree, specs);
  const judged = { registry, specs, loading };
  const findings = RULES.flatMap(({ id, severity, check }) =>
    [...check(judged)].map((found): Finding => ({ ...found, rule: id, severity })),
  );
  return { registry, findings: inOrder(findings) };
}
