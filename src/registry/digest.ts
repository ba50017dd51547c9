import type { Artefact } from './artefact.js';
import { canonicalJson, sha256 } from './canonical.js';
import { isMap, mapSchema } from './jsonSchema.js';
import type { Registry } from './registry.js';

/** Numbers the algorithm below. Digests of an older form stay valid records; a new form is a new function. */
export const DIGEST_FORM = 1;

/** sha256 in hex by part name: `interface`, `params`, `wrapper` and `layer` of an operation; `content` of the others. */
export type Digests = Readonly<Record<string, string>>;

/**
 * The digests of what an artefact *says now*. What it names counts with its recorded digest, or with that of its
 * content while it is a draft, so that an edited template is one finding, at the template.
 */
export function digestsOf(artefact: Artefact, registry: Registry): Digests {
  if (artefact.kind === 'operation') return operationDigests(artefact, registry);
  return {
    content: sha256(
      canonicalJson(artefact.kind === 'layer' ? layerContent(artefact) : templateContent(artefact, registry)),
    ),
  };
}

/** The digests recorded when it was published, or undefined for a draft. */
export function recordedDigests({ document }: Artefact): Digests | undefined {
  if (!isMap(document.published)) return undefined;
  const texts = Object.entries(document.published).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts.filter(([part]) => part !== 'at'));
}

/** Names the parts of a published artefact that no longer are what was published; empty for a draft. */
export function changedParts(artefact: Artefact, registry: Registry): string[] {
  const recorded = recordedDigests(artefact);
  if (recorded === undefined) return [];
  const now = Object.entries(digestsOf(artefact, registry));
  return now
    .filter(([part, digest]) => recorded[part] !== undefined && recorded[part] !== digest)
    .map(([part]) => part);
}

/** One digest over all parts of an operation: what a runner's header and the send log carry. */
export function operationDigest(artefact: Artefact, registry: Registry): string {
  return sha256(canonicalJson(digestsOf(artefact, registry)));
}

function operationDigests({ document }: Artefact, registry: Registry): Digests {
  const { schema, name, version, inputs, outputs, params, secrets, policy, runners, layer } = document;
  const templates = isMap(runners)
    ? Object.values(runners).map((runner) => (isMap(runner) ? runner.template : undefined))
    : [];
  const parts = {
    interface: {
      schema,
      name,
      version,
      inputs: eachOf(inputs, inputContent),
      outputs: eachOf(outputs, withoutDescription),
    },
    params: eachOf(params, schemaContent),
    wrapper: {
      runners,
      policy,
      secrets: isMap(secrets) ? Object.keys(secrets).sort() : [],
      templates: Object.fromEntries(
        templates.map((template) => [String(template), namedDigest('template', template, registry)]),
      ),
    },
    layer: { layer, digest: namedDigest('layer', layer, registry) },
  };
  return Object.fromEntries(
    Object.entries(parts).map(([part, value]) => [part, sha256(canonicalJson(value))]),
  );
}

function namedDigest(kind: 'layer' | 'template', reference: unknown, registry: Registry): string | undefined {
  const named = registry.resolve(kind, reference);
  return named && (recordedDigests(named)?.content ?? digestsOf(named, registry).content);
}

function layerContent({ document: { schema, name, version, node, packages } }: Artefact): unknown {
  return { schema, name, version, node, packages };
}

function templateContent(artefact: Artefact, registry: Registry): unknown {
  const { schema, name, version, stages, text } = artefact.document;
  const bytes = registry.textOf(artefact)?.bytes;
  // Latin-1 keeps every byte apart, so that a file which is not UTF-8 has its own digest too.
  const content =
    bytes && sha256(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'));
  return { schema, name, version, stages, text, content };
}

function inputContent(input: unknown): unknown {
  return isMap(input) ? { ...input, description: undefined, row: schemaContent(input.row) } : input;
}

function withoutDescription(value: unknown): unknown {
  return isMap(value) ? { ...value, description: undefined } : value;
}

/** A JSON Schema without its texts. */
function schemaContent(schema: unknown): unknown {
  return mapSchema(schema, (inner) => ({ ...inner, title: undefined, description: undefined }));
}

function eachOf(map: unknown, content: (value: unknown) => unknown): unknown {
  return isMap(map)
    ? Object.fromEntries(Object.entries(map).map(([key, value]) => [key, content(value)]))
    : map;
}
