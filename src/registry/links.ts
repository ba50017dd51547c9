import type { Artefact, ArtefactKind } from './artefact.js';
import { isMap } from './jsonSchema.js';
import type { Path } from './source.js';

/** One place in a document that names another artefact. */
export interface Link {
  readonly kind: ArtefactKind;
  /** `name@version` in a sound document; anything in another. */
  readonly reference: unknown;
  /** Where it stands in the document. */
  readonly path: Path;
}

/** What an artefact cannot do without: the layer and templates of an operation, the partials of a template. */
export function dependenciesOf({ kind, document }: Artefact): Link[] {
  if (kind === 'template') {
    return entriesOf(document.partials).map(([name, reference]) => ({
      kind: 'template',
      reference,
      path: ['partials', name],
    }));
  }
  if (kind === 'layer') return [];
  const templates = entriesOf(document.runners).map(
    ([name, runner]): Link => ({
      kind: 'template',
      reference: isMap(runner) ? runner.template : undefined,
      path: ['runners', name, 'template'],
    }),
  );
  return [{ kind: 'layer', reference: document.layer, path: ['layer'] }, ...templates];
}

/** What is to be used instead of it, where its document says so. */
export function replacementOf({ kind, document }: Artefact): Link | undefined {
  return document.replaced_by === undefined
    ? undefined
    : { kind, reference: document.replaced_by, path: ['replaced_by'] };
}

function entriesOf(map: unknown): [string, unknown][] {
  return isMap(map) ? Object.entries(map) : [];
}
