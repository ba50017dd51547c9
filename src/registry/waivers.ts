import type { JsonSchema } from '../component.js';
import { ARTEFACT_KINDS, type ArtefactKind } from './artefact.js';
import { readRootFile } from './config.js';
import type { Finding, Position } from './finding.js';
import { isMap } from './jsonSchema.js';
import type { FileTree } from './tree.js';
import { NAME_PATTERN, VERSION_PATTERN } from './version.js';

export const WAIVERS_FILE = 'waivers.yaml';

/** An agreed exception: one rule, for one version, for a time. */
export interface Waiver {
  readonly kind: ArtefactKind;
  readonly name: string;
  readonly version: string;
  readonly rule: string;
  readonly reason: string;
  readonly owner: string;
  /** `2026-11-23`: the last day on which it holds. */
  readonly expires: string;
  /** Where each of its keys stands in waivers.yaml. */
  readonly positions: Readonly<Record<'name' | 'version' | 'rule' | 'expires', Position>>;
}

const text = (description: string, rest: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  minLength: 1,
  description,
  ...rest,
});

export const WAIVERS_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Agreed exceptions to rules (waivers.yaml)',
  type: 'object',
  additionalProperties: false,
  required: ['schema', 'waivers'],
  properties: {
    schema: { const: 'waivers/v1', description: 'Kind of this document and form of its keys.' },
    waivers: {
      type: 'array',
      description: 'One entry for each rule and version.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'version', 'rule', 'reason', 'owner', 'expires'],
        properties: {
          kind: {
            type: 'string',
            enum: ARTEFACT_KINDS,
            default: 'operation',
            description: 'Kind of what is excepted.',
          },
          name: text('Its name.', { pattern: NAME_PATTERN, examples: ['driver_push'] }),
          version: text('Its version.', { pattern: VERSION_PATTERN, examples: ['1.4.10'] }),
          rule: text('Id of the rule, as findings show it.', {
            pattern: '^[a-z]+/[a-z-]+$',
            examples: ['version/level'],
          }),
          reason: text('Why the exception is right.', { minLength: 10 }),
          owner: text('Who answers for it.'),
          expires: text('Last day on which it holds.', { format: 'date', examples: ['2027-01-31'] }),
        },
      },
    },
  },
};

/** The waivers of a tree, and what is wrong with the file; a file with findings waives nothing. */
export function readWaivers(tree: FileTree): { waivers: Waiver[]; findings: readonly Finding[] } {
  const { source, findings } = readRootFile(WAIVERS_FILE, WAIVERS_SCHEMA, tree);
  const list = isMap(source?.value) && Array.isArray(source.value.waivers) ? source.value.waivers : [];
  const waivers = list.map((entry, index): Waiver => {
    const positionOf = (key: string) => source?.positionOf(['waivers', index, key]) ?? { line: 1, column: 1 };
    return {
      kind: 'operation',
      ...(entry as Omit<Waiver, 'positions' | 'kind'>),
      positions: {
        name: positionOf('name'),
        version: positionOf('version'),
        rule: positionOf('rule'),
        expires: positionOf('expires'),
      },
    };
  });
  return { waivers, findings };
}
