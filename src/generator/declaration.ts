import { durationText, parseDuration } from '../component.js';
import { IN_DOUBT_POLICIES } from '../pipeline/plan.js';
import { DEFAULT_DRAIN_TIMEOUT_MS } from '../registry/document.js';
import { suggestion } from '../registry/spelling.js';
import { type Expression, literal, object, type Property, visit } from './expression.js';
import { secretNeeds } from './secret-needs.js';
import { below, mapAt, mistake, type Spot, shown } from './spot.js';
import { plain } from './value.js';

/** What an operation declares and a pipeline may ask of its context, in the order in which it is written. */
export const DECLARED = ['inputs', 'outputs', 'params', 'secrets'] as const;

type Declared = (typeof DECLARED)[number];
type Document = Readonly<Record<string, unknown>>;
/** The names that a runner uses, by what they are. */
export type UsedNames = Readonly<Record<Declared, ReadonlySet<string>>>;

/** What a runner holds when its operation says nothing of it. */

/** Which inputs, outputs, params and secrets these expressions read. */
export function usedNames(expressions: readonly Expression[]): UsedNames {
  const used = {
    inputs: new Set<string>(),
    outputs: new Set<string>(),
    params: new Set<string>(),
    secrets: new Set<string>(),
  };
  for (const expression of expressions) {
    visit(expression, (part) => {
      if (part.kind !== 'member' || part.of.kind !== 'name') return;
      if (isDeclared(part.of.name)) used[part.of.name].add(part.key);
    });
  }
  return used;
}

/** Those declarations of one kind that the runner uses, as the operation gives them, in its order; `tuning` ones are marked. */
export function declared(
  document: Document,
  root: Declared,
  used: ReadonlySet<string>,
  spot: Spot,
  tuning: ReadonlySet<string> = new Set(),
): Expression {
  const at = below(spot, root);
  const entries = Object.entries(mapAt(document[root] ?? {}, at)).filter(([key]) => used.has(key));
  return object(
    entries.map(([key, value]) => {
      const marked = tuning.has(key) ? { ...mapAt(value ?? {}, below(at, key)), 'x-tuning': true } : value;
      return [key, plain(marked ?? {}, below(at, key))];
    }),
  );
}

/**
 * The secrets that the runner uses, each with the choices that need it: `when: { provider: ['http'] }` where only what
 * is chosen by a param does. Which are needed at start is then known without making what is not chosen.
 */
export function declaredSecrets(
  document: Document,
  stages: readonly Expression[],
  used: ReadonlySet<string>,
  spot: Spot,
): Expression {
  const at = below(spot, 'secrets');
  const needs = secretNeeds(stages);
  const entries = Object.entries(mapAt(document.secrets ?? {}, at)).filter(([key]) => used.has(key));
  return object(
    entries.map(([key, value]) => {
      const when = needs.get(key);
      const declaration = { ...mapAt(value ?? {}, below(at, key)), ...(when !== undefined && { when }) };
      return [key, plain(declaration, below(at, key))];
    }),
  );
}

/** The parameter of the pipeline's function: `{ inputs, outputs }`, or nothing. */
export function contextPattern(used: UsedNames): string {
  const roots = DECLARED.filter((root) => used[root].size > 0);
  return roots.length === 0 ? '' : `{ ${roots.join(', ')} }`;
}

/** Who the runner is: for its help, its log and its ledger. */
export function identity(
  { document, runner, digest, layer }: { document: Document; runner: string; digest: string; layer: string },
  spot: Spot,
): Expression {
  const { name, version, title } = document;
  const facts = { name, version, ...(title !== undefined && { title }), runner, digest, layer };
  return plain(facts, spot);
}

/** Policies that are a share of the results, by the name that the runner knows them by. */
const RATIOS = { max_failed_ratio: 'maxFailedRatio', max_rejected_ratio: 'maxRejectedRatio' } as const;
const POLICIES = ['drain_timeout', ...Object.keys(RATIOS), 'in_doubt', 'in_doubt_window'];

/** The operation's policy with durations as milliseconds. */
export function policy(value: unknown, spot: Spot): Expression {
  const given = mapAt(value ?? {}, spot);
  const unknown = Object.keys(given).find((key) => !POLICIES.includes(key));
  if (unknown !== undefined)
    throw mistake(below(spot, unknown), `there is no such policy${suggestion(unknown, POLICIES)}`);
  const { drain_timeout: drainTimeout = durationText(DEFAULT_DRAIN_TIMEOUT_MS) } = given;
  const drainTimeoutMs = typeof drainTimeout === 'string' ? parseDuration(drainTimeout) : undefined;
  if (drainTimeoutMs === undefined) {
    throw mistake(
      below(spot, 'drain_timeout'),
      `got ${shown(drainTimeout)}, expected a duration such as 30s`,
    );
  }
  const properties: Property[] = [['drainTimeoutMs', literal(drainTimeoutMs)]];
  for (const [key, name] of Object.entries(RATIOS)) {
    const ratio = given[key];
    if (ratio === undefined) continue;
    if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1))
      throw mistake(below(spot, key), `got ${shown(ratio)}, expected a share from 0 to 1 such as 0.2`);
    properties.push([name, literal(ratio)]);
  }
  const { in_doubt: inDoubt, in_doubt_window: window } = given;
  if (inDoubt !== undefined) {
    if (!(IN_DOUBT_POLICIES as readonly unknown[]).includes(inDoubt))
      throw mistake(
        below(spot, 'in_doubt'),
        `got ${shown(inDoubt)}, expected one of ${IN_DOUBT_POLICIES.join(', ')}`,
      );
    properties.push(['inDoubt', literal(inDoubt as string)]);
  }
  if (window !== undefined) {
    if (!Number.isSafeInteger(window) || (window as number) < 1)
      throw mistake(below(spot, 'in_doubt_window'), `got ${shown(window)}, expected a whole number from 1`);
    properties.push(['inDoubtWindow', literal(window as number)]);
  }
  return object(properties);
}

function isDeclared(text: string): text is Declared {
  return (DECLARED as readonly string[]).includes(text);
}
