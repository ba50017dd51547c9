import type { Plan } from '../author/plan.js';
import { rewrite } from '../author/rewrite.js';
import { RtnError } from '../error.js';
import { pathOf, referenceTo } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { refuseTaken } from './name.js';
import { newestUsable } from './operation.js';
import { commented, draftComment } from './yaml.js';

/** What a copy of an operation says otherwise than its origin. */
export interface CopyAnswers {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  /** `name@version`; the origin's where not given. */
  readonly layer?: string | undefined;
  /** `name`, for its newest version in use, or `name@version`. */
  readonly from: string;
}

/** A draft that does what another operation does, with a log of its own. Throws `usage` for a taken name or an unknown origin. */
export function planOperationCopy(answers: CopyAnswers, registry: Registry): Plan {
  const { name, version, title, description, owner, layer, from } = answers;
  refuseTaken('operation', name, version, registry);
  const origin = registry.resolve('operation', from) ?? newestUsable('operation', from, registry);
  if (origin === undefined) {
    const known = registry.all('operation').flatMap((other) => [other.name, referenceTo(other)]);
    throw new RtnError('usage', `there is no operation ${from}${suggestion(from, known)}`, {
      next: 'rtn list',
    });
  }
  const set = { name, version, status: 'draft', title: title.trim().replace(/\s+/g, ' ') };
  const copy = rewrite(origin.source, {
    set: { ...set, ...(description && { description }), ...(owner && { owner }), ...(layer && { layer }) },
    drop: ['published', 'replaced_by', 'reason', 'remove_after', 'links', ...(owner ? [] : ['owner'])],
    replace: ownLogs(origin.document.outputs, origin.name, name),
  });
  const path = pathOf({ kind: 'operation', name, version });
  return {
    changes: [
      {
        path,
        content: commented(copy, `${draftComment(name)}\n# Begun as a copy of ${referenceTo(origin)}.\n`),
      },
    ],
    notes: [`new draft operation ${name}@${version}: ${path} (from ${referenceTo(origin)})`],
    next: `edit ${path}, then rtn check && rtn generate ${name} --draft`,
  };
}

/** Default locations that are named after the origin are named after the copy. */
function ownLogs(outputs: unknown, from: string, to: string) {
  return Object.entries(isMap(outputs) ? outputs : {}).flatMap(([output, declared]) => {
    const given = isMap(declared) ? declared.default : undefined;
    if (typeof given !== 'string' || !given.includes(from)) return [];
    const own = given.startsWith('pg:') ? to.replaceAll('-', '_') : to;
    return [{ path: ['outputs', output, 'default'], value: given.replaceAll(from, () => own) }];
  });
}
