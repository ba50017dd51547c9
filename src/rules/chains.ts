import type { Artefact } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';

const MOST_CHAINS = 12;
/** Partials of partials have more ways between them than they are: none is looked for without end. */
const MOST_STEPS = 2_000;

/** `template retry 1.0.0 -> one-shot 1.0.0 -> driver_push 1.4.10, taxi_exp 1.4.6`: one line a way to those that depend on it. */
export function chainsFrom(artefact: Artefact, registry: Registry): string[] {
  const known = new Map<Artefact, readonly Artefact[]>();
  const dependentsIn = (at: Artefact): readonly Artefact[] => {
    const dependents = known.get(at) ?? registry.dependents(at);
    known.set(at, dependents);
    return dependents;
  };
  const lines: string[] = [];
  let steps = 0;
  const walk = (at: Artefact, way: readonly Artefact[]): void => {
    if (++steps > MOST_STEPS || lines.length > MOST_CHAINS) return;
    const dependents = dependentsIn(at).filter((dependent) => !way.includes(dependent));
    const ends = dependents.filter((dependent) => dependent.kind === 'operation');
    if (ends.length > 0) lines.push(`${wayInWords(way)} -> ${namesInWords(ends)}`);
    else if (dependents.length === 0 && way.length > 1) lines.push(wayInWords(way));
    for (const between of dependents.filter((dependent) => dependent.kind !== 'operation'))
      walk(between, [...way, between]);
  };
  walk(artefact, [artefact]);
  const isCut = steps > MOST_STEPS || lines.length > MOST_CHAINS;
  return isCut ? [...lines.slice(0, MOST_CHAINS), 'and more ways'] : lines;
}

const MOST_NAMES = 12;

function namesInWords(artefacts: readonly Artefact[]): string {
  const names = artefacts.slice(0, MOST_NAMES).map(({ name, version }) => `${name} ${version}`);
  const more = artefacts.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

function wayInWords(way: readonly Artefact[]): string {
  const [first] = way;
  return `${first?.kind} ${way.map(({ name, version }) => `${name} ${version}`).join(' -> ')}`;
}
