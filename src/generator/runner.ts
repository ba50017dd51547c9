import type { ComponentKind, ComponentSpec, JsonSchema } from '../component.js';
import { RtnError } from '../error.js';
import { COMPONENT_STAGES } from '../registry/document.js';
import { dryRunParams } from '../registry/dryRunParams.js';
import { suggestion } from '../registry/spelling.js';
import { bindingOf, componentCall } from './component.js';
import {
  contextPattern,
  DECLARED,
  declared,
  declaredSecrets,
  identity,
  policy,
  usedNames,
} from './declaration.js';
import { calleesIn, type Expression } from './expression.js';
import { heading, importLine } from './heading.js';
import { layOut, type RunnerTemplate } from './layout.js';
import { seal } from './seal.js';
import { below, mapAt, mistake, type Spot } from './spot.js';
import { tuningParams } from './tuning.js';
import type { Scope } from './value.js';

/** The package every generated runner imports from. */
export const PACKAGE_NAME = 'realtime-notifications';

export interface RunnerRequest {
  /** The operation's document as plain data. */
  readonly operation: unknown;
  readonly operationDigest: string;
  /** Which of the document's `runners`. */
  readonly runnerName: string;
  readonly template: RunnerTemplate;
  /** `name@version`. */
  readonly layer: string;
  /** Path of the document from the registry's root: for the comment on top and for messages. */
  readonly sourcePath: string;
  readonly components: readonly ComponentSpec[];
  /** What the runner imports a module of the registry's own by, of its path from the root. */
  readonly importOf: (module: string) => string;
}

type Document = Readonly<Record<string, unknown>>;

/** Functions of the language that runners call: nothing to import. */
const GLOBALS: ReadonlySet<string> = new Set(['encodeURIComponent']);

/**
 * The text of a runner: one ES module that declares what the runner is and wires its stages. The same request gives
 * the same bytes. It declares only those inputs, outputs, params and secrets that this runner uses.
 * Throws RtnError `configuration` on what `rtn check` would have found, and on stages that there is no code for.
 */
export function generateRunner(request: RunnerRequest): string {
  const document = mapAt(request.operation, { document: request.sourcePath, path: '' });
  const [name, version] = [document.name, document.version].map(String) as [string, string];
  const spot = { document: `${name} ${version} (${request.sourcePath})`, path: '' };
  const stages = assemble(request, document, spot);
  const { runnerName: runner, operationDigest: digest, layer, sourcePath, template } = request;
  const used = usedNames(stages.map(([, stage]) => stage));
  const kept = { ...used, params: new Set([...used.params, ...dryRunParams(document)]) };
  const tuning = tuningParams(
    stages.map(([, stage]) => stage),
    request.components,
  );
  const none = new Set<string>();
  const text = layOut(template, {
    header: heading({ operation: name, version, runner, digest, layer, sourcePath, template }),
    imports: importLines(stages, request, spot),
    operation: identity({ document, runner, digest, layer }, spot),
    ...Object.fromEntries(
      DECLARED.map((root) => [
        root,
        declared(document, root, kept[root], spot, root === 'params' ? tuning : none),
      ]),
    ),
    secrets: declaredSecrets(
      document,
      stages.map(([, stage]) => stage),
      used.secrets,
      spot,
    ),
    policy: policy(document.policy, below(spot, 'policy')),
    context: contextPattern(used),
    ...Object.fromEntries(stages),
  });
  return seal(text);
}

/** The runner's stages by name, each as the call that makes it, in the template's order. */
function assemble(request: RunnerRequest, document: Document, root: Spot): [string, Expression][] {
  const all = mapAt(document.runners, below(root, 'runners'));
  const { runnerName, template, components } = request;
  const at = below(below(root, 'runners'), runnerName);
  if (!Object.hasOwn(all, runnerName))
    throw mistake(at, `there is no such runner${suggestion(runnerName, Object.keys(all))}`);
  if (template.stages.length === 0)
    throw mistake(
      at,
      `template ${template.name} ${template.version} has no stages: it is for other templates to include`,
    );
  const config = mapAt(all[runnerName], at);
  const unknown = Object.keys(config).find((key) => key !== 'template' && !template.stages.includes(key));
  if (unknown !== undefined) {
    throw mistake(
      below(at, unknown),
      `template ${template.name} has no such part${suggestion(unknown, template.stages)}`,
    );
  }
  const scope = template.stages.includes('task')
    ? { ...scopeOf(document, undefined, root), row: undefined }
    : scopeOf(document, bindingOf(config.reader, 'input'), root);
  return template.stages.map((stage) => {
    if (!isComponentStage(stage)) throw notYet(request, document);
    return [stage, componentCall(config[stage], stage, below(at, stage), scope, components)];
  });
}

/** A runner that `rtn check` has nothing against, and that still cannot be made. */
function notYet({ runnerName, template }: RunnerRequest, { name, version }: Document): RtnError {
  return new RtnError(
    'configuration',
    `runner ${runnerName} of ${name} ${version} uses template ${template.name} ${template.version}, whose runners cannot be generated yet`,
    { details: { template: `${template.name}@${template.version}` } },
  );
}

/** References may name whatever the operation declares; `row` is a row of the input that the reader is bound to. */
function scopeOf(document: Document, input: string | undefined, root: Spot): Scope {
  const names = (key: string): string[] => Object.keys(mapAt(document[key] ?? {}, below(root, key)));
  const inputs = mapAt(document.inputs ?? {}, below(root, 'inputs'));
  const isKnown = input !== undefined && Object.hasOwn(inputs, input);
  const row = isKnown ? mapAt(inputs[input], below(root, `inputs.${input}`)).row : {};
  return {
    inputs: names('inputs'),
    outputs: names('outputs'),
    params: names('params'),
    secrets: names('secrets'),
    row: (typeof row === 'object' && row !== null ? row : {}) as JsonSchema,
  };
}

/** What the stages call: of the package first, then of each module of the registry's own. */
function importLines(
  stages: readonly [string, Expression][],
  { components, importOf }: RunnerRequest,
  spot: Spot,
): string {
  const callees = new Set(stages.flatMap(([, stage]) => [...calleesIn(stage)]));
  const ofPackage = ['runner'];
  const ofModules: [module: string, name: string][] = [];
  for (const callee of callees) {
    if (GLOBALS.has(callee)) continue;
    const homes = components.filter(({ construct }) => construct === callee);
    const [home, other] = homes;
    if (other !== undefined && homes.some(({ module }) => module !== undefined))
      throw mistake(
        spot,
        `${home?.key} and ${other.key} both export '${callee}', so a runner cannot import them`,
      );
    if (home?.module === undefined) ofPackage.push(callee);
    else ofModules.push([home.module, callee]);
  }
  const own = ofModules.sort().map(([module, callee]) => importLine([callee], importOf(module)));
  return [importLine(ofPackage, PACKAGE_NAME), ...own].join('\n');
}

/** A script of one's own is no component. */
function isComponentStage(text: string): text is ComponentKind & (typeof COMPONENT_STAGES)[number] {
  return (COMPONENT_STAGES as readonly string[]).includes(text);
}
