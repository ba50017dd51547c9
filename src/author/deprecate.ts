import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { COMMIT, type Plan } from './plan.js';
import { rewrite } from './rewrite.js';
import { retarget, successorOf } from './successor.js';

export interface DeprecateOptions {
  /** `name@version` of what to use instead. */
  readonly replacedBy?: string | undefined;
  readonly reason?: string | undefined;
  /** `2027-06-30`: the day after which it should be gone. */
  readonly removeAfter?: string | undefined;
}

/** Makes an active version deprecated, or changes what a deprecated one says of it. It still runs. Throws `usage`. */
export function planDeprecate(artefact: Artefact, registry: Registry, options: DeprecateOptions): Plan {
  const { status, document } = artefact;
  const named = referenceTo(artefact);
  refuseStatus(artefact);
  if (status === 'active' && options.replacedBy === undefined && options.reason === undefined) {
    throw new RtnError('usage', `why is ${named} deprecated, or what replaces it?`, {
      next: `rtn deprecate ${named} --replaced-by NAME@VERSION, or --reason TEXT`,
    });
  }
  const successor = options.replacedBy && referenceTo(successorOf(artefact, options.replacedBy, registry));
  const said = {
    ...(successor && { replaced_by: successor }),
    ...(options.reason !== undefined && { reason: oneLineReason(options.reason) }),
    ...(options.removeAfter !== undefined && { remove_after: day(options.removeAfter) }),
  };
  if (Object.keys(said).length === 0) {
    throw new RtnError('usage', `${named} is deprecated already`, {
      next: `rtn deprecate ${named} --replaced-by NAME@VERSION, --reason TEXT or --remove-after YYYY-MM-DD`,
    });
  }
  const content = rewrite(artefact.source, { set: { status: 'deprecated', ...said } });
  const target = successor ?? document.replaced_by;
  const others = retarget(
    artefact,
    typeof target === 'string' ? target : undefined,
    `its successor ${named} is deprecated: ${said.reason ?? document.reason}`,
    registry,
  );
  const changes = [{ path: artefact.path, content }, ...others.changes];
  const verb = status === 'active' ? 'deprecated' : 'changed deprecated';
  return {
    changes,
    notes: [`${verb} ${artefact.kind} ${named}${told(said)}: ${artefact.path}`, ...others.notes],
    next: COMMIT,
  };
}

/** A reason as the documents hold it: one line. Throws `usage` for an empty one. */
export function oneLineReason(text: string): string {
  const reason = text.trim().replace(/\s+/g, ' ');
  if (reason === '')
    throw new RtnError('usage', 'the reason is empty', { next: '--reason "what is wrong with it"' });
  return reason;
}

function refuseStatus(artefact: Artefact): void {
  const named = referenceTo(artefact);
  if (artefact.status === 'draft') {
    throw new RtnError(
      'usage',
      `${named} is a draft: nobody uses it, so delete ${artefact.path} or publish it`,
      {
        next: `rtn publish ${named}`,
      },
    );
  }
  if (artefact.status === 'withdrawn')
    throw new RtnError(
      'usage',
      `${named} is withdrawn already, and the life of a version only moves forward`,
    );
}

/** A day of the calendar, as it was written. */
function day(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text);
  if (!isDay) throw new RtnError('usage', `'${text}' is no day; expected YYYY-MM-DD, such as 2027-06-30`);
  return text;
}

function told({ replaced_by, remove_after }: Readonly<Record<string, string>>): string {
  const successor = replaced_by === undefined ? '' : `, replaced by ${replaced_by}`;
  return `${successor}${remove_after === undefined ? '' : `, to be gone after ${remove_after}`}`;
}
