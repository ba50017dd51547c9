import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { oneLineReason } from './deprecate.js';
import { COMMIT, type Plan } from './plan.js';
import { rewrite } from './rewrite.js';
import { retarget, successorOf } from './successor.js';

export interface WithdrawOptions {
  readonly reason: string;
  /** `name@version` of what to use instead. */
  readonly replacedBy?: string | undefined;
}

/**
 * Marks a published version as bad: generate and run refuse it from now on, so its cautions name everything that still
 * depends on it, each with the command that moves it on. Throws `usage`.
 */
export function planWithdraw(artefact: Artefact, registry: Registry, options: WithdrawOptions): Plan {
  const named = referenceTo(artefact);
  refuseStatus(artefact);
  const successor = options.replacedBy && referenceTo(successorOf(artefact, options.replacedBy, registry));
  const reason = oneLineReason(options.reason);
  const content = rewrite(artefact.source, {
    set: { status: 'withdrawn', reason, ...(successor && { replaced_by: successor }) },
    drop: ['remove_after'],
  });
  const target = successor ?? artefact.document.replaced_by;
  const others = retarget(
    artefact,
    typeof target === 'string' ? target : undefined,
    `its successor ${named} was withdrawn: ${reason}`,
    registry,
  );
  const changes = [{ path: artefact.path, content }, ...others.changes];
  const instead = successor === undefined ? '' : `, replaced by ${successor}`;
  return {
    changes,
    notes: [`withdrew ${artefact.kind} ${named}${instead}: ${artefact.path}`, ...others.notes],
    cautions: dependents(artefact, typeof target === 'string' ? target : undefined, registry),
    next: COMMIT,
  };
}

function refuseStatus(artefact: Artefact): void {
  const named = referenceTo(artefact);
  const isExplained = artefact.document.reason !== undefined;
  if (artefact.status === 'withdrawn' && isExplained)
    throw new RtnError('usage', `${named} is withdrawn already`);
  if (artefact.status === 'draft')
    throw new RtnError('usage', `${named} is a draft: it was never published, so delete ${artefact.path}`);
}

/** One line for each active version and draft that names it. */
function dependents(artefact: Artefact, successor: string | undefined, registry: Registry): string[] {
  const { kind, name } = artefact;
  const users = registry
    .dependents(artefact)
    .filter(({ status }) => status === 'active' || status === 'draft');
  if (users.length === 0) return [];
  const newest = registry
    .versions(kind, name)
    .findLast((other) => other !== artefact && other.status === 'active');
  const target = successor ?? (newest && referenceTo(newest));
  const first =
    target === undefined
      ? [`no active version of ${name} is left: rtn bump ${name}, mend it, rtn publish ${name}`]
      : [];
  return [
    ...first,
    ...users.map((user) => {
      const bump = `rtn bump ${referenceTo(user)} --${kind} ${target ?? `${name}@VERSION`}`;
      const publish = user.status === 'active' ? ` && rtn publish ${user.name}` : '';
      return `${user.kind} ${referenceTo(user)} (${user.status}) still names it: ${bump}${publish}`;
    }),
  ];
}
