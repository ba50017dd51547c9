import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { digestsOf } from '../../src/registry/digest.js';
import type { Finding } from '../../src/registry/finding.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { memoryTree } from '../../src/registry/tree.js';
import type { Base } from '../../src/rules/change.js';
import { type Judgement, judge } from '../../src/rules/judge.js';
import { SPECS } from '../registry/specs.js';

/** The texts of a small registry by path. */
export type Files = Readonly<Record<string, string>>;

type Said = Readonly<Record<string, unknown>>;

export const SEND = 'operations/send/1.0.0.yaml';
export const ENV = 'layers/env/1.0.0.yaml';
export const TASK = 'templates/task/1.0.0.yaml';
export const TASK_TEXT = 'templates/task/1.0.0.mjs.hbs';

const DEFAULTS: Readonly<Record<string, Said>> = {
  operations: {
    schema: 'operation/v1',
    layer: 'env@1.0.0',
    inputs: {},
    outputs: {},
    runners: { main: { template: 'task@1.0.0' } },
  },
  layers: { schema: 'layer/v1', node: '>=20', packages: {} },
  templates: { schema: 'template/v1', stages: [] },
};

/** A draft that has no findings, with what is said of it over that. */
export function draft(path: string, said: Said = {}): Files {
  const [folder = '', name = '', file = ''] = path.split('/');
  const version = file.replace(/\.yaml$/, '');
  const text = folder === 'templates' ? { text: `${version}.mjs.hbs` } : {};
  const document = {
    name,
    version,
    status: 'draft',
    title: 'A title',
    ...DEFAULTS[folder],
    ...text,
    ...said,
  };
  return { [path]: stringify(document) };
}

/** A draft template and its text. */
export function template(reference: string, text: string, said: Said = {}): Files {
  const [name, version] = reference.split('@');
  const path = `templates/${name}/${version}.yaml`;
  return { ...draft(path, said), [path.replace(/yaml$/, 'mjs.hbs')]: text };
}

/** One operation on one layer and one template, all drafts, no findings. */
export const SMALL: Files = { ...draft(SEND), ...draft(ENV), ...template('task@1.0.0', '// task\n') };

/** The files with keys of one document set; those that are undefined go. */
export function said(files: Files, path: string, keys: Said): Files {
  const { [path]: text } = files;
  if (text === undefined) throw new Error(`there is no ${path}`);
  const document = Object.entries({ ...parse(text), ...keys }).filter(([, value]) => value !== undefined);
  return { ...files, [path]: stringify(Object.fromEntries(document)) };
}

/** The files with drafts published, one after the other; what is not a draft keeps its status and gets its record. */
export function published(files: Files, ...paths: readonly string[]): Files {
  return paths.reduce((now, path) => {
    const registry = loadRegistry(memoryTree(now), SPECS);
    const artefact = registry.artefacts.find((candidate) => candidate.path === path);
    if (artefact === undefined) throw new Error(`there is no ${path}`);
    const status = artefact.status === 'draft' ? 'active' : artefact.status;
    const record = { form: 1, at: '2026-11-01', ...digestsOf(artefact, registry) };
    return said(now, path, { status, published: record });
  }, files);
}

/** SMALL with everything published. */
export const PUBLISHED: Files = published(SMALL, ENV, TASK, SEND);

/** The files without those at the paths, or below them. */
export function without(files: Files, ...paths: readonly string[]): Files {
  const isGone = (file: string) => paths.some((path) => file === path || file.startsWith(`${path}/`));
  return Object.fromEntries(Object.entries(files).filter(([file]) => !isGone(file)));
}

export const TODAY = '2026-11-24';

/** Judges files; where there is a `before`, as a change against it. */
export function judged(
  files: Files,
  { before, today = TODAY }: { before?: Files; today?: string } = {},
): Judgement {
  const base = before && baseOf(before, files);
  return judge(memoryTree(files), SPECS, { today, base });
}

function baseOf(before: Files, now: Files): Base {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return {
    ref: 'main',
    commit: '0'.repeat(40),
    registry: loadRegistry(memoryTree(before), SPECS),
    changed: new Set(paths.filter((path) => !isDeepStrictEqual(before[path], now[path]))),
    taken: [],
  };
}

/** `rule file` of each finding. */
export function rulesOf({ findings }: Judgement): string[] {
  return findings.map(({ rule, file }) => `${rule} ${file}`);
}

/** What is found, when nothing else is. */
export function only(judgement: Judgement): Finding {
  const [first, ...more] = judgement.findings;
  if (first === undefined || more.length > 0)
    throw new Error(`expected one finding, got ${JSON.stringify(judgement.findings, null, 2)}`);
  return first;
}
