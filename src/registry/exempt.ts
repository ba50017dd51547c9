import type { ArtefactKind } from './artefact.js';
import { isMap, mapSchema } from './jsonSchema.js';
import type { Path } from './source.js';

type Document = Readonly<Record<string, unknown>>;

/** Top-level keys that say something to people only, or of a version's life: no digest covers them. */
export const TEXT_KEYS: readonly string[] = [
  'title',
  'description',
  'owner',
  'links',
  'status',
  'replaced_by',
  'reason',
  'remove_after',
];

/** The places of a document that no digest covers: titles, descriptions and what is said of its life. */
export function exemptPlaces(kind: ArtefactKind, document: Document): { has(path: Path): boolean } {
  const paths: Path[] = TEXT_KEYS.map((key) => [key]);
  if (kind === 'operation') paths.push(...textsInside(document));
  const places = new Set(paths.map((path) => JSON.stringify(path)));
  return { has: (path) => places.has(JSON.stringify(path)) };
}

function* textsInside({ inputs, outputs, params, secrets }: Document): Iterable<Path> {
  for (const [name, input] of entriesOf(inputs)) {
    yield ['inputs', name, 'description'];
    if (isMap(input)) yield* textsOfSchema(input.row, ['inputs', name, 'row']);
  }
  for (const [name] of entriesOf(outputs)) yield ['outputs', name, 'description'];
  for (const [name, schema] of entriesOf(params)) yield* textsOfSchema(schema, ['params', name]);
  for (const [name] of entriesOf(secrets)) yield ['secrets', name, 'description'];
}

/** `title` and `description` of every schema in a schema; a property of that name is none. */
function textsOfSchema(root: unknown, path: Path): Path[] {
  const found: Path[] = [];
  mapSchema(root, (schema, inner) => {
    found.push([...path, ...inner, 'title'], [...path, ...inner, 'description']);
    return schema;
  });
  return found;
}

function entriesOf(map: unknown): [string, unknown][] {
  return isMap(map) ? Object.entries(map) : [];
}
