import { RtnError } from '../error.js';
import { ARTEFACT_KINDS, type Artefact, referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import type { FileChange } from '../registry/tree.js';
import type { Plan } from './plan.js';
import { type Rewrite, rewrite } from './rewrite.js';

/**
 * The version that is to be used instead of another: of the same kind, published, neither deprecated nor withdrawn, and
 * not itself replaced by the other. Throws `usage`.
 */
export function successorOf(artefact: Artefact, reference: string, registry: Registry): Artefact {
  const successor = registry.resolve(artefact.kind, reference);
  const refuse = (message: string, next?: string): never => {
    throw new RtnError('usage', message, next === undefined ? {} : { next });
  };
  if (successor === undefined) return refuse(...unknownSuccessor(artefact, reference, registry));
  const [named, old] = [referenceTo(successor), referenceTo(artefact)];
  if (successor === artefact) return refuse(`${old} cannot replace itself`);
  if (successor.status === 'draft')
    return refuse(`${named} is a draft, which nothing can move to yet`, `rtn publish ${named}`);
  if (successor.status !== 'active') {
    const { replaced_by: further } = successor.document;
    const next = typeof further === 'string' ? `name what replaces it: --replaced-by ${further}` : undefined;
    return refuse(`${named} is ${successor.status} itself`, next);
  }
  const chain = chainFrom(successor, registry);
  if (chain.includes(artefact))
    return refuse(`${named} is replaced by ${old} itself: ${[...chain].map(referenceTo).join(' -> ')}`);
  return successor;
}

/**
 * Rewrites the versions that are replaced by one that is now itself deprecated or withdrawn: they name its successor;
 * where it has none, they give `why` as their reason. `replaced_by` lies in no digest, so frozen files may be changed so.
 */
export function retarget(
  artefact: Artefact,
  successor: string | undefined,
  why: string,
  registry: Registry,
): Pick<Plan, 'changes' | 'notes'> {
  const changes: FileChange[] = [];
  const notes: string[] = [];
  for (const other of registry.replaced(artefact)) {
    if (referenceTo(other) === successor) continue;
    const reason = other.document.reason === undefined ? { reason: why } : {};
    const change: Rewrite =
      successor === undefined ? { drop: ['replaced_by'], set: reason } : { set: { replaced_by: successor } };
    changes.push({ path: other.path, content: rewrite(other.source, change) });
    const now = successor === undefined ? 'now without a successor' : `now replaced by ${successor}`;
    notes.push(`${other.kind} ${referenceTo(other)} was replaced by ${referenceTo(artefact)}: ${now}`);
  }
  return { changes, notes };
}

/** What a version is replaced by, and what that is replaced by, to the end or to where it comes round. */
function chainFrom(artefact: Artefact, registry: Registry): Artefact[] {
  const chain: Artefact[] = [];
  for (
    let step: Artefact | undefined = artefact;
    step !== undefined && !chain.includes(step);
    step = registry.resolve(step.kind, step.document.replaced_by)
  )
    chain.push(step);
  return chain;
}

function unknownSuccessor(
  { kind }: Artefact,
  reference: string,
  registry: Registry,
): [message: string, next?: string] {
  const other = ARTEFACT_KINDS.find((candidate) => registry.resolve(candidate, reference) !== undefined);
  if (other !== undefined)
    return [
      `${reference} is a ${other}; what replaces a ${kind} is a ${kind}`.replaceAll(
        'a operation',
        'an operation',
      ),
    ];
  const active = registry.all(kind).filter(({ status }) => status === 'active');
  return [
    `there is no ${kind} ${reference}${suggestion(reference, active.map(referenceTo).slice(-5))}`,
    '--replaced-by takes NAME@VERSION',
  ];
}
