import type { JsonSchema } from '../component.js';
import type { Finding, Severity } from './finding.js';
import { isMap } from './jsonSchema.js';
import { mistakesOf } from './mistake.js';
import { parseSource, type Source } from './source.js';
import type { FileTree } from './tree.js';
import { sharedAjv } from './value.js';

/**
 * A file at the root that is read by its schema: its source, or undefined where there is none or it has findings, those
 * apart that are `isMeant`.
 */
export function readRootFile(
  file: string,
  schema: JsonSchema,
  tree: FileTree,
  isMeant: (finding: Finding) => boolean = () => false,
): { source?: Source; findings: readonly Finding[] } {
  const bytes = tree.read(file);
  if (bytes === undefined) return { findings: [] };
  const { source, findings: read } = parseSource(file, bytes);
  const findings = read.filter((finding) => !isMeant(finding));
  if (source === undefined || findings.length > 0) return { findings };
  const validate = sharedAjv().compile(schema);
  validate(source.value);
  const mistakes = mistakesOf(validate.errors ?? [], source.homeOf).map(
    ({ rule, message, path, isAboutKey }): Finding => ({
      rule,
      severity: 'error',
      file,
      ...(isAboutKey ? source.positionOfKey(path) : source.positionOf(path)),
      message,
    }),
  );
  return mistakes.length > 0 ? { findings: mistakes } : { source, findings: [] };
}

export const CONFIG_FILE = 'rtn.yaml';

/** What a repository sets for itself in rtn.yaml. */
export interface Config {
  /** Severity by rule id, where it differs from the rule's own. */
  readonly rules: Readonly<Record<string, Severity | 'off'>>;
}

export const CONFIG_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Settings of a registry (rtn.yaml)',
  type: 'object',
  additionalProperties: false,
  required: ['schema'],
  properties: {
    schema: { const: 'config/v1', description: 'Kind of this document and form of its keys.' },
    rules: {
      type: 'object',
      description:
        'Severity by rule id: error, warning or off. Rules that keep the registry readable and its versions immutable cannot be weakened.',
      propertyNames: { pattern: '^[a-z]+/[a-z-]+$' },
      additionalProperties: { type: 'string', enum: ['error', 'warning', 'off'] },
    },
  },
};

/** The settings of a tree, and what is wrong with the file. */
export function readConfig(tree: FileTree): {
  config: Config;
  source?: Source;
  findings: readonly Finding[];
} {
  const { source, findings } = readRootFile(
    CONFIG_FILE,
    CONFIG_SCHEMA,
    tree,
    // Nothing else reads this file, and `off` is what its schema asks for.
    ({ rule }) => rule === 'yaml/ambiguous',
  );
  const rules = isMap(source?.value) && isMap(source.value.rules) ? source.value.rules : {};
  return { config: { rules: rules as Config['rules'] }, ...(source && { source }), findings };
}
