import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { operationDigest } from '../registry/digest.js';
import type { LayerDocument, OperationDocument } from '../registry/document.js';
import { moduleFiles, modulePath, moduleUses } from '../registry/module.js';
import { expectArtefact, isFileName, type Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';
import type { RunnerTemplate } from './layout.js';
import { generateRunner } from './runner.js';

export interface RunnerFilesRequest {
  /** `NAME` for the newest version that may run, or `NAME@VERSION`. */
  readonly reference: string;
  /** One of the operation's runners; all when undefined. */
  readonly runner: string | undefined;
  /** Whether a draft may be generated, and may be the newest. */
  readonly allowsDrafts: boolean;
  readonly components: readonly ComponentSpec[];
  /** What a runner imports a module of the registry's own by; as from the root where it is not given. */
  readonly importOf?: ((module: string) => string) | undefined;
}

export interface RunnerFile {
  readonly runner: string;
  /** `driver_push-1.4.10.one-shot.mjs`. */
  readonly name: string;
  readonly text: string;
}

export interface RunnerFiles {
  readonly operation: Artefact;
  readonly layer: LayerDocument;
  /** One for each runner asked for, in the operation's order. */
  readonly files: readonly RunnerFile[];
  /** The modules of the registry's own that they import, with what these import, as paths from the root. */
  readonly modules: readonly string[];
}

/**
 * The runners of an operation of the registry. Throws `usage` for what is not there or is not to run (a draft, a
 * withdrawn version), `configuration` for what has findings.
 */
export function runnerFiles(registry: Registry, request: RunnerFilesRequest): RunnerFiles {
  const reference = referenceTo(chosen(registry, request));
  const { artefact, document } = expectArtefact(registry, 'operation', reference);
  const layer = expectArtefact(registry, 'layer', document.layer);
  requireUsable(layer.artefact, request);
  const names =
    request.runner === undefined ? Object.keys(document.runners) : [knownRunner(document, request.runner)];
  const digest = operationDigest(artefact, registry);
  const files = names.map((runner): RunnerFile => {
    const text = generateRunner({
      operation: document,
      operationDigest: digest,
      runnerName: runner,
      template: templateOf(registry, document.runners[runner]?.template ?? '', request),
      layer: document.layer,
      sourcePath: artefact.path,
      components: request.components,
      importOf: request.importOf ?? ((module) => `./${module}`),
    });
    return { runner, name: fileName(document, runner), text };
  });
  const modules = moduleUses(artefact.document)
    .flatMap((use) => modulePath(use) ?? [])
    .flatMap((path) => moduleFiles(path, registry.tree));
  return { operation: artefact, layer: layer.document, files, modules: [...new Set(modules)] };
}

/** The runners of every active operation: several versions of one name may be active side by side. */
export function allRunnerFiles(
  registry: Registry,
  { components, importOf }: Pick<RunnerFilesRequest, 'components' | 'importOf'>,
): RunnerFiles[] {
  const active = registry.all('operation').filter(({ status }) => status === 'active');
  return active.map((artefact) =>
    runnerFiles(registry, {
      reference: referenceTo(artefact),
      runner: undefined,
      allowsDrafts: false,
      components,
      importOf,
    }),
  );
}

/** The version that was named, or the newest that may run: active before deprecated, drafts only when allowed. */
function chosen(registry: Registry, request: RunnerFilesRequest): Artefact {
  const { name, version } = splitReference(request.reference);
  if (version !== undefined) {
    const { artefact } = expectArtefact(registry, 'operation', request.reference);
    requireUsable(artefact, request);
    return artefact;
  }
  const versions = registry.versions('operation', name);
  const newest = (...statuses: readonly string[]) =>
    versions.findLast(({ status }) => statuses.includes(status));
  const usable = request.allowsDrafts
    ? newest('draft', 'active', 'deprecated')
    : (newest('active') ?? newest('deprecated'));
  if (usable !== undefined) return usable;
  const { artefact } = expectArtefact(registry, 'operation', name);
  requireUsable(artefact, request);
  return artefact;
}

function requireUsable(artefact: Artefact, { allowsDrafts }: RunnerFilesRequest): void {
  const { kind, name, status, document } = artefact;
  const named = `${kind} ${referenceTo(artefact)}`;
  if (status === 'draft' && !allowsDrafts) {
    throw new RtnError('usage', `${named} is a draft, which may still change`, {
      next: `rtn publish ${name}, or add --draft to try it`,
    });
  }
  if (status === 'withdrawn') {
    const { reason, replaced_by: successor } = document;
    throw new RtnError('usage', `${named} is withdrawn${typeof reason === 'string' ? `: ${reason}` : ''}`, {
      ...(typeof successor === 'string' && { next: `use ${successor}` }),
    });
  }
}

function knownRunner({ name, version, runners }: OperationDocument, runner: string): string {
  if (Object.hasOwn(runners, runner)) return runner;
  const problem = `operation ${name}@${version} has no runner '${runner}'`;
  throw new RtnError('usage', problem + suggestion(runner, Object.keys(runners)));
}

/** The template with its partials, at whatever remove; `above` are those that it is included through. */
function templateOf(
  registry: Registry,
  reference: string,
  request: RunnerFilesRequest,
  above: readonly Artefact[] = [],
): RunnerTemplate {
  const { artefact, document } = expectArtefact(registry, 'template', reference);
  requireUsable(artefact, request);
  const way = [...above, artefact];
  if (above.includes(artefact))
    throw new RtnError('configuration', `a template includes itself: ${way.map(referenceTo).join(' -> ')}`, {
      next: 'rtn check',
    });
  const text = registry.textOf(artefact);
  if (text === undefined) {
    throw new RtnError('configuration', `${artefact.path} names a text that is not there: ${document.text}`, {
      next: 'rtn check',
    });
  }
  const { name, version, stages } = document;
  const partials = Object.entries(document.partials ?? {}).map(([key, partial]): [string, RunnerTemplate] => [
    key,
    templateOf(registry, partial, request, way),
  ]);
  return {
    name,
    version,
    stages,
    text: Buffer.from(text.bytes).toString('utf8').replaceAll('\r\n', '\n'),
    partials: Object.fromEntries(partials),
  };
}

function fileName({ name, version }: OperationDocument, runner: string): string {
  const file = `${name}-${version}.${runner}.mjs`;
  if (isFileName(file)) return file;
  throw new RtnError('configuration', `runner '${runner}' of ${name}@${version} gives no file name`, {
    next: 'rtn check',
  });
}
