import type { Plan } from '../author/plan.js';
import { type Judge, planPublish } from '../author/publish.js';
import { RtnError } from '../error.js';
import { type Artefact, pathOf, referenceTo } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import { type FileTree, memoryTree, withChanges } from '../registry/tree.js';
import { layerText } from './layer.js';
import { WORKFLOW, WORKFLOW_PATH } from './workflow.js';

const LAYER = { kind: 'layer', name: 'default', version: '1.0.0' } as const;
const TEMPLATES = ['one-shot', 'service', 'task'] as const;

/** What a new registry is made of. */
export interface Starter {
  /** The package's own registry, whose templates are copied. */
  readonly origin: Registry;
  /** The package as `name@version`, for the layer. */
  readonly package: string;
  /** The range of Node.js versions that the package needs. */
  readonly node: string;
  /** The JSON Schemas by path. */
  readonly schemas: Readonly<Record<string, string>>;
  /** `2026-11-23`. */
  readonly today: string;
}

interface StarterFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

/**
 * A registry to begin with, in a folder that may hold other things. What is there already and the same is left; throws
 * `usage` with all files that are there and differ, since nothing is ever overwritten.
 */
export function planInit(tree: FileTree, starter: Starter, judge: Judge): Plan {
  const layer = layerFile(judge, { ...starter, today: publishedAt(tree, judge) ?? starter.today });
  const templates = starterTemplates(starter.origin);
  const schemas = Object.entries(starter.schemas).map(([path, content]) => ({ path, content }));
  const hasOperations = tree.list('operations').length > 0;
  const groups: readonly (readonly [what: string, files: readonly StarterFile[]])[] = [
    ['an empty folder for operations', hasOperations ? [] : [{ path: 'operations/.gitkeep', content: '' }]],
    [`layer ${referenceTo(LAYER)}, published: the environment that runners run in`, [layer]],
    ...templates.map(
      (template) =>
        [`template ${referenceTo(template)}, published`, templateFiles(template, starter.origin)] as const,
    ),
    ['JSON Schemas, by which editors complete and check', schemas],
    ['a GitHub workflow that judges every pull request', [{ path: WORKFLOW_PATH, content: WORKFLOW }]],
  ];
  refuseDiffering(
    groups.flatMap(([, files]) => files),
    tree,
  );
  const missing = groups
    .map(([what, files]) => [what, files.filter(({ path }) => tree.read(path) === undefined)] as const)
    .filter(([, files]) => files.length > 0);
  const made = missing.map(([what, files]) => `${placeOf(files)}: ${what}`);
  return {
    changes: missing.flatMap(([, files]) => files),
    notes: made.length > 0 ? made : ['nothing to do: all of it is there'],
    cautions: installation(tree, starter),
    next: 'rtn new operation',
  };
}

function layerFile(judge: Judge, starter: Starter): StarterFile {
  const path = pathOf(LAYER);
  const content = layerText(
    { ...LAYER, title: 'Environment of the runners', node: starter.node, packages: [starter.package] },
    '# Other packages or another Node.js are a new version: `rtn bump default`.',
  );
  const draft = memoryTree({ [path]: content });
  const artefact = judge(draft).registry.find(LAYER.kind, LAYER.name, LAYER.version);
  if (artefact === undefined) throw new RtnError('internal', `${path} cannot be read as it is written`);
  const { changes } = planPublish(artefact, draft, judge, {
    withDeps: false,
    keepPrevious: false,
    today: starter.today,
  });
  return { path, content: withChanges(draft, changes).read(path) ?? content };
}

/** The day of an earlier `rtn init` here, so that one more makes the same layer. */
function publishedAt(tree: FileTree, judge: Judge): string | undefined {
  const content = tree.read(pathOf(LAYER));
  if (content === undefined) return undefined;
  const { registry } = judge(memoryTree({ [pathOf(LAYER)]: content }));
  const record = registry.find(LAYER.kind, LAYER.name, LAYER.version)?.document.published;
  return isMap(record) && typeof record.at === 'string' ? record.at : undefined;
}

/** The newest templates of the package, and behind them the partials that they include, at whatever remove. */
function starterTemplates(origin: Registry): Artefact[] {
  const found = new Set<Artefact>();
  for (const name of TEMPLATES) {
    const template = origin.versions('template', name).findLast(({ status }) => status === 'active');
    if (template === undefined)
      throw new RtnError('internal', `the package holds no active template ${name}`);
    found.add(template);
  }
  // A set hands out what is added to it while it is gone through.
  for (const template of found) {
    for (const { kind, reference } of dependenciesOf(template)) {
      const partial = origin.resolve(kind, reference);
      if (partial === undefined)
        throw new RtnError('internal', `the package holds no template ${String(reference)}`);
      found.add(partial);
    }
  }
  return [...found];
}

function templateFiles(template: Artefact, origin: Registry): StarterFile[] {
  const text = origin.textOf(template);
  if (text === undefined) throw new RtnError('internal', `the package lacks the text of ${template.path}`);
  return [
    { path: template.path, content: template.source.text },
    { path: text.path, content: text.bytes },
  ];
}

function refuseDiffering(files: readonly StarterFile[], tree: FileTree): void {
  const differing = files.filter(({ path, content }) => {
    const there = tree.read(path);
    return there !== undefined && !Buffer.from(content).equals(there);
  });
  if (differing.length === 0) return;
  const paths = differing.map(({ path }) => path);
  throw new RtnError(
    'usage',
    `${paths.join(', ')}: there already, with other contents; nothing was written`,
    {
      next: paths.every((path) => path.startsWith('schemas/'))
        ? 'rtn schema --write'
        : 'move them away, or go on with the registry that is there: rtn check',
    },
  );
}

/** Where a group of files stands: the file itself, or the folder of several. */
function placeOf(files: readonly StarterFile[]): string {
  const [first] = files;
  if (first === undefined) return '';
  return files.length === 1 ? first.path : first.path.slice(0, first.path.lastIndexOf('/') + 1);
}

/** The workflow runs `npm ci`, which wants the package in package.json and a lockfile. */
function installation(tree: FileTree, { package: reference }: Starter): string[] {
  const name = reference.slice(0, reference.lastIndexOf('@'));
  const manifest = Buffer.from(tree.read('package.json') ?? '').toString();
  if (manifest.includes(`"${name}"`)) return [];
  return [`the workflow and the runners need the package: npm install --save-exact ${reference}`];
}
