import { type Artefact, type ArtefactKind, referenceTo } from './artefact.js';
import { canonicalJson, sha256 } from './canonical.js';
import { TEXT_KEYS } from './exempt.js';
import { compareText } from './finding.js';
import { isMap, mapSchema } from './jsonSchema.js';
import { sourceDigests } from './layerSources.js';
import { dependenciesOf } from './links.js';
import type { Registry } from './registry.js';
import { scriptsOf, textDigest } from './scripts.js';

/** Numbers the algorithm below. Digests of an older form stay valid records; a new form is a new function. */
export const DIGEST_FORM = 1;

/** sha256 in hex by part name: `interface`, `params`, `wrapper` and `layer` of an operation; `content` of the others. */
export type Digests = Readonly<Record<string, string>>;

/** The keys that make up each part of an operation; any other key is of the interface, so that each lies in one part. */
const PART_KEYS = {
  params: ['params'],
  wrapper: ['runners', 'policy', 'secrets'],
  layer: ['layer'],
} as const;

/**
 * The digests of what an artefact *says now*. What it names counts with its recorded digest, or with that of its
 * content while it is a draft, so that an edited template is one finding, at the template. A published layer's sources
 * are those it was published from: only a draft is computed from the tree.
 */
export function digestsOf(artefact: Artefact, registry: Registry): Digests {
  if (artefact.kind === 'operation') return operationDigests(artefact, registry);
  const content = artefact.kind === 'layer' ? saidBy(artefact.document) : templateContent(artefact, registry);
  const { content: _content, ...sources } =
    artefact.kind === 'layer'
      ? (recordedDigests(artefact) ?? { content: '', ...sourceDigests(artefact, registry.tree) })
      : { content: '' };
  return { content: sha256(canonicalJson(content)), ...sources };
}

/** The digests recorded when it was published, or undefined for a draft. */
export function recordedDigests({ document }: Artefact): Digests | undefined {
  if (!isMap(document.published)) return undefined;
  const texts = Object.entries(document.published).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts.filter(([part]) => part !== 'at' && part !== 'commit'));
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

function operationDigests(artefact: Artefact, registry: Registry): Digests {
  const { document } = artefact;
  const { layer, runners, policy, secrets, params, inputs, outputs } = document;
  const inParts: readonly string[] = Object.values(PART_KEYS).flat();
  const others = Object.entries(saidBy(document)).filter(([key]) => !inParts.includes(key));
  const parts = {
    interface: {
      ...Object.fromEntries(others),
      inputs: eachOf(inputs, inputContent),
      outputs: eachOf(outputs, withoutDescription),
    },
    params: eachOf(params, schemaContent),
    wrapper: {
      runners,
      policy,
      secrets: isMap(secrets) ? Object.keys(secrets).sort(compareText) : [],
      besideNames: besideNames(secrets),
      templates: namedDigests(artefact, 'template', registry),
      scripts: scriptsOf(artefact)
        .sort((a, b) => compareText(a.runner, b.runner))
        .map(({ file }) => fileDigest(file, registry)),
    },
    layer: { layer, digests: namedDigests(artefact, 'layer', registry) },
  };
  return Object.fromEntries(
    Object.entries(parts).map(([part, value]) => [part, sha256(canonicalJson(value ?? null))]),
  );
}

/** What the secrets say beside their names and descriptions: nothing, in a sound document. */
function besideNames(secrets: unknown): unknown {
  if (!isMap(secrets)) return secrets ?? undefined;
  const others = Object.entries(secrets).flatMap(([name, secret]) => {
    const said = isMap(secret) ? Object.entries(secret).filter(([key]) => key !== 'description') : undefined;
    if (said === undefined) return secret === null ? [] : [[name, secret]];
    return said.length === 0 ? [] : [[name, Object.fromEntries(said)]];
  });
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** By `name@version`, the digests of what an artefact names of a kind. */
function namedDigests(artefact: Artefact, kind: ArtefactKind, registry: Registry): Record<string, unknown> {
  const named = dependenciesOf(artefact).filter((link) => link.kind === kind);
  return Object.fromEntries(
    named.map(({ reference }) => {
      const target = registry.resolve(kind, reference);
      if (target === undefined) return [String(reference), null];
      return [String(reference), recordedDigests(target) ?? draftDigests(target, registry)];
    }),
  );
}

/** What a draft would record if it were published now; a template that includes drafts counts with what they say. */
function draftDigests(draft: Artefact, registry: Registry): unknown {
  const includesDrafts = dependenciesOf(draft).some(({ kind, reference }) => {
    const target = registry.resolve(kind, reference);
    return target !== undefined && recordedDigests(target) === undefined;
  });
  return includesDrafts ? includedContents(draft, registry) : digestsOf(draft, registry);
}

/** What a draft template and all drafts that it includes say, each once, though partials may include each other. */
function includedContents(draft: Artefact, registry: Registry): Record<string, unknown> {
  const contents = new Map<Artefact, unknown>();
  const open = [draft];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (contents.has(next)) continue;
    const recorded = recordedDigests(next);
    contents.set(next, recorded ?? ownContent(next, registry));
    if (recorded !== undefined) continue;
    for (const { kind, reference } of dependenciesOf(next)) {
      const target = registry.resolve(kind, reference);
      if (target !== undefined) open.push(target);
    }
  }
  return Object.fromEntries([...contents].map(([each, content]) => [referenceTo(each), content]));
}

function fileDigest(file: string | undefined, { tree }: Registry): string | null {
  const bytes = file === undefined ? undefined : tree.read(file);
  return bytes === undefined ? null : textDigest(bytes);
}

/** All top-level keys of a document but the exempt ones. */
function saidBy(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).filter(([key]) => key !== 'published' && !TEXT_KEYS.includes(key)),
  );
}

function ownContent(template: Artefact, registry: Registry): { said: unknown; content: string | undefined } {
  const bytes = registry.textOf(template)?.bytes;
  return { said: saidBy(template.document), content: bytes && textDigest(bytes) };
}

function templateContent(template: Artefact, registry: Registry): unknown {
  return { ...ownContent(template, registry), partials: namedDigests(template, 'template', registry) };
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
