import type { ComponentSpec } from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { CONFIG_FILE } from '../registry/config.js';
import { type Finding, inOrder } from '../registry/finding.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { BATCH_RULES } from './batch.js';
import { BINDING_RULES } from './binding.js';
import { type Base, changedArtefacts, dependentsOf, removedArtefacts, schedulesToJudge } from './change.js';
import { COMPONENT_RULES } from './component.js';
import { DEPRECATION_RULES } from './deprecation.js';
import { FLAG_RULES } from './flag.js';
import { HISTORY_RULES } from './history.js';
import { LAYER_RULES } from './layer.js';
import { OUTCOME_RULES } from './outcome.js';
import { REFERENCE_RULES } from './reference.js';
import type { Judged, Rule } from './rule.js';
import { SCHEDULE_RULES } from './schedule.js';
import { STARTED_RULES } from './scheduleStart.js';
import { SCHEMA_RULES } from './schema.js';
import { SCRIPT_RULES } from './script.js';
import { SECRET_RULES } from './secret.js';
import { SELECT_RULES } from './select.js';
import { CONFIG_RULES, settings } from './settings.js';
import { TEMPLATE_RULES } from './template.js';
import { VERSION_RULES } from './version.js';
import { applyWaivers, WAIVER_RULES, type Waived } from './waiver.js';
import { YAML_RULES } from './yaml.js';

/** Every rule, in the order in which they are listed and explained. */
export const RULES: readonly Rule[] = [
  ...YAML_RULES,
  ...SCHEMA_RULES,
  ...VERSION_RULES,
  ...HISTORY_RULES,
  ...DEPRECATION_RULES,
  ...LAYER_RULES,
  ...TEMPLATE_RULES,
  ...COMPONENT_RULES,
  ...SCRIPT_RULES,
  ...REFERENCE_RULES,
  ...BINDING_RULES,
  ...FLAG_RULES,
  ...BATCH_RULES,
  ...SELECT_RULES,
  ...OUTCOME_RULES,
  ...SCHEDULE_RULES,
  ...STARTED_RULES,
  ...SECRET_RULES,
  ...CONFIG_RULES,
  ...WAIVER_RULES,
];

export interface JudgeOptions {
  /** Judges what differs from it, and what depends on that; without it, everything. */
  readonly base?: Base | undefined;
  /** `2026-11-23`, for dates in documents. */
  readonly today: string;
  /** What is wrong with modules of the registry's own, by the text of their `use:`; undefined where none was imported. */
  readonly modules?: ReadonlyMap<string, string> | undefined;
}

/** What was judged and what was found: every finding at once, in reading order. */
export interface Judgement {
  readonly registry: Registry;
  readonly findings: readonly Finding[];
  /** Excepted findings; those whose waiver is not in force yet stand among `findings`, too. */
  readonly waived: readonly Waived[];
  /** What was looked at, dependents included. */
  readonly judged: readonly Artefact[];
}

/** Reads a tree and judges it. */
export function judge(tree: FileTree, specs: readonly ComponentSpec[], options: JudgeOptions): Judgement {
  const { base, today, modules } = options;
  const registry = loadRegistry(tree, specs);
  const artefacts = base === undefined ? registry.artefacts : changedArtefacts(registry, base);
  const touched = base === undefined ? [] : [...artefacts, ...removedArtefacts(registry, base)];
  const dependents = dependentsOf(touched, registry).filter((dependent) => !artefacts.includes(dependent));
  const misplaced = registry.misplaced.filter(({ file }) => base === undefined || base.changed.has(file));
  const { scheduleFiles, touchedSchedules } = schedulesToJudge(registry, base, touched);
  const loading = [
    ...misplaced,
    ...artefacts.flatMap((artefact) => artefact.findings),
    ...scheduleFiles.flatMap((file) => file.findings),
  ];
  // A change that weakens a rule is itself judged by the rules as they were.
  const { severityOf } = settings(base === undefined ? tree : base.registry.tree, RULES);
  const judged: Judged = {
    registry,
    specs,
    artefacts,
    dependents,
    scheduleFiles,
    touchedSchedules,
    base,
    today,
    modules,
    loading,
  };
  const found = RULES.flatMap((rule) => {
    const set = severityOf(rule);
    if (set === 'off') return [];
    return [...rule.check(judged)].map(
      (each): Finding => ({ ...each, severity: set ?? each.severity ?? rule.severity, rule: rule.id }),
    );
  });
  const { findings, waived } = applyWaivers(inOrder(found), registry, {
    base,
    today,
    rules: RULES,
    severityOf,
  });
  const isSet = base === undefined || base.changed.has(CONFIG_FILE);
  const ownSettings = isSet ? settings(tree, RULES).findings : [];
  return {
    registry,
    findings: inOrder([...findings, ...ownSettings]),
    waived,
    judged: [...artefacts, ...dependents],
  };
}
