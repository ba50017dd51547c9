import { children, type Expression } from './expression.js';

/** The choices of one param. */
type Need = Readonly<Record<string, readonly string[]>>;

/**
 * The secrets that only some choices of a param need, with those choices. A secret that stands outside of a choice,
 * that every choice needs, or that choices by different params need is always needed, and not among them.
 */
export function secretNeeds(stages: readonly Expression[]): ReadonlyMap<string, Need> {
  const uses = new Map<string, (Choice | undefined)[]>();
  for (const stage of stages)
    walk(stage, undefined, (secret, choice) => uses.set(secret, [...(uses.get(secret) ?? []), choice]));
  const needs = new Map<string, Need>();
  for (const [secret, choices] of uses) {
    const [first] = choices;
    if (first === undefined || choices.some((choice) => choice?.param !== first.param)) continue;
    const keys = new Set(choices.map((choice) => choice?.key ?? ''));
    if (first.keys.some((key) => !keys.has(key)))
      needs.set(secret, { [first.param]: first.keys.filter((key) => keys.has(key)) });
  }
  return needs;
}

interface Choice {
  readonly param: string;
  readonly key: string;
  readonly keys: readonly string[];
}

/** Of choices within choices the outermost counts. */
function walk(
  expression: Expression,
  choice: Choice | undefined,
  found: (secret: string, choice: Choice | undefined) => void,
): void {
  if (expression.kind === 'member' && expression.of.kind === 'name' && expression.of.name === 'secrets')
    found(expression.key, choice);
  const [chooser, choices] =
    expression.kind === 'call' && expression.callee === 'select' ? expression.args : [];
  if (choice === undefined && chooser?.kind === 'member' && choices?.kind === 'object') {
    const keys = choices.properties.map(([key]) => key);
    for (const [key, made] of choices.properties) walk(made, { param: chooser.key, key, keys }, found);
  } else for (const child of children(expression)) walk(child, choice, found);
}
