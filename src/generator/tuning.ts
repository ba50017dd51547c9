import { type ComponentSpec, camelCase } from '../component.js';
import { children, type Expression } from './expression.js';

/**
 * The params that only change the speed: whatever they are used in is a field marked `tuning`. They may differ between
 * two starts of one run.
 */
export function tuningParams(
  stages: readonly Expression[],
  components: readonly ComponentSpec[],
): ReadonlySet<string> {
  const used = { tuning: new Set<string>(), other: new Set<string>() };
  for (const stage of stages) collect(stage, false, components, used);
  return new Set([...used.tuning].filter((param) => !used.other.has(param)));
}

function collect(
  expression: Expression,
  isTuning: boolean,
  components: readonly ComponentSpec[],
  used: { readonly tuning: Set<string>; readonly other: Set<string> },
): void {
  if (expression.kind === 'member' && expression.of.kind === 'name' && expression.of.name === 'params') {
    used[isTuning ? 'tuning' : 'other'].add(expression.key);
    return;
  }
  const spec =
    expression.kind === 'call' && components.find(({ construct }) => construct === expression.callee);
  for (const child of children(expression)) {
    if (!spec || child.kind !== 'object') collect(child, isTuning, components, used);
    else
      for (const [key, value] of child.properties) collect(value, isTuningField(spec, key), components, used);
  }
}

function isTuningField(spec: ComponentSpec, name: string): boolean {
  return Object.entries(spec.fields).some(([key, field]) => field.tuning && camelCase(key) === name);
}
