import type { Plan } from '../author/plan.js';
import { RtnError } from '../error.js';
import { type Artefact, type ArtefactKind, pathOf, referenceTo } from '../registry/artefact.js';
import type { Status } from '../registry/document.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { refuseTaken } from './name.js';
import { type OperationAnswers, operationText, READERS } from './operation-text.js';

/** A draft of an operation that can be generated at once. Throws `usage`. */
export function planOperation(answers: OperationAnswers, registry: Registry): Plan {
  const { name, version, layer, url } = answers;
  refuseTaken('operation', name, version, registry);
  refuseLayer(layer, registry);
  if (!/^\/\S*$/.test(url)) {
    throw new RtnError(
      'usage',
      `'${url}' is no path; the address before it is the param endpoint, given at start`,
      {
        next: '--url /v1/send',
      },
    );
  }
  const runners = [...new Set(answers.readers)].map((reader) => ({
    reader,
    template: starterTemplate(READERS[reader].template, registry),
  }));
  const path = pathOf({ kind: 'operation', name, version });
  return {
    changes: [{ path, content: operationText(answers, runners) }],
    notes: [`new draft operation ${name}@${version}: ${path}`],
    next: `edit ${path}, then rtn check && rtn generate ${name} --draft`,
  };
}

/** The newest version of the only name of its kind that is in use, drafts last; undefined where a choice is to be made. */
export function onlyOne(kind: ArtefactKind, registry: Registry): Artefact | undefined {
  const namesOf = (wanted: Status) =>
    new Set(registry.all(kind).flatMap(({ name, status }) => (status === wanted ? [name] : [])));
  const active = namesOf('active');
  const [name, ...others] = active.size > 0 ? active : namesOf('draft');
  return name !== undefined && others.length === 0 ? newestUsable(kind, name, registry) : undefined;
}

/** The newest active version of a name, else the newest draft. */
export function newestUsable(kind: ArtefactKind, name: string, registry: Registry): Artefact | undefined {
  const versions = registry.versions(kind, name);
  return (
    versions.findLast(({ status }) => status === 'active') ??
    versions.findLast(({ status }) => status === 'draft')
  );
}

function refuseLayer(reference: string, registry: Registry): void {
  const layer = registry.resolve('layer', reference);
  if (layer === undefined) {
    const known = registry.all('layer').map(referenceTo);
    throw new RtnError('usage', `there is no layer ${reference}${suggestion(reference, known)}`, {
      next: known.length === 0 ? 'rtn new layer' : '--layer NAME@VERSION',
    });
  }
  if (layer.status === 'withdrawn')
    throw new RtnError('usage', `layer ${reference} is withdrawn: ${layer.document.reason}`);
}

function starterTemplate(name: string, registry: Registry): string {
  const template = newestUsable('template', name, registry);
  if (template === undefined)
    throw new RtnError('usage', `there is no template ${name} to begin with`, { next: 'rtn init' });
  return referenceTo(template);
}
