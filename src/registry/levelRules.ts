import {
  added,
  addedColumns,
  addedWithDefault,
  type Found,
  type Member,
  narrowed,
  narrowedColumns,
  otherDefault,
  otherKey,
  otherType,
  removed,
  required,
  requiredColumns,
  widened,
  widenedColumns,
} from './member.js';
import type { Level } from './version.js';

/** What one kind of change means for those who start the operation, fill its inputs or read its outputs. */
export interface LevelRule {
  /** Stable: policies name it. */
  readonly id: string;
  readonly level: Level;
  /** What it finds and why this level is due. */
  readonly doc: string;
  /** The top-level map whose members it looks at, one by one. */
  readonly section: 'inputs' | 'outputs' | 'params' | 'secrets' | 'runners';
  find(member: Member): readonly Found[];
}

const PARAM_RULES: readonly LevelRule[] = [
  {
    id: 'param-removed',
    level: 'major',
    doc: 'A param is gone: who still sets it is refused.',
    section: 'params',
    find: removed,
  },
  {
    id: 'param-required',
    level: 'major',
    doc: 'A param has no default and is new or had one: who does not set it is refused.',
    section: 'params',
    find: required,
  },
  {
    id: 'param-narrowed',
    level: 'major',
    doc: 'A param refuses values that it accepted.',
    section: 'params',
    find: narrowed,
  },
  {
    id: 'param-added',
    level: 'minor',
    doc: 'A param with a default is new: nobody has to set it.',
    section: 'params',
    find: addedWithDefault,
  },
  {
    id: 'param-widened',
    level: 'minor',
    doc: 'A param accepts values that it refused.',
    section: 'params',
    find: widened,
  },
  {
    id: 'param-default',
    level: 'minor',
    doc: 'A default is another or new: who does not set the param gets other behaviour.',
    section: 'params',
    find: otherDefault,
  },
];

const INPUT_RULES: readonly LevelRule[] = [
  {
    id: 'input-removed',
    level: 'major',
    doc: 'An input is gone: who still gives it is refused.',
    section: 'inputs',
    find: removed,
  },
  {
    id: 'input-required',
    level: 'major',
    doc: 'An input has no default and is new or had one: who does not give it is refused.',
    section: 'inputs',
    find: required,
  },
  {
    id: 'input-key',
    level: 'major',
    doc: 'Messages are identified or addressed by another column: a run cannot be resumed, logs do not compare.',
    section: 'inputs',
    find: otherKey,
  },
  {
    id: 'column-required',
    level: 'major',
    doc: 'A column has to be there that did not: rows without it are rejected.',
    section: 'inputs',
    find: requiredColumns,
  },
  {
    id: 'column-narrowed',
    level: 'major',
    doc: 'A column refuses values that it accepted: such rows are rejected.',
    section: 'inputs',
    find: narrowedColumns,
  },
  {
    id: 'input-added',
    level: 'minor',
    doc: 'An input with a default is new: nobody has to give it.',
    section: 'inputs',
    find: addedWithDefault,
  },
  {
    id: 'column-added',
    level: 'minor',
    doc: 'A column is new and need not be there.',
    section: 'inputs',
    find: addedColumns,
  },
  {
    id: 'column-widened',
    level: 'minor',
    doc: 'A column accepts values that it refused, or need no longer be there.',
    section: 'inputs',
    find: widenedColumns,
  },
  {
    id: 'input-default',
    level: 'minor',
    doc: 'Rows come from another place, or from one at all, where no location is given.',
    section: 'inputs',
    find: otherDefault,
  },
];

const OUTPUT_RULES: readonly LevelRule[] = [
  {
    id: 'output-removed',
    level: 'major',
    doc: 'An output is gone: who reads it finds nothing.',
    section: 'outputs',
    find: removed,
  },
  {
    id: 'output-required',
    level: 'major',
    doc: 'An output has no default and is new or had one: who does not say where it goes is refused.',
    section: 'outputs',
    find: required,
  },
  {
    id: 'output-type',
    level: 'major',
    doc: 'An output has another type: who reads it finds other columns.',
    section: 'outputs',
    find: otherType,
  },
  {
    id: 'output-added',
    level: 'minor',
    doc: 'An output with a default is new.',
    section: 'outputs',
    find: addedWithDefault,
  },
  {
    id: 'output-default',
    level: 'minor',
    doc: 'An output goes to another place, or to one at all, where no location is given.',
    section: 'outputs',
    find: otherDefault,
  },
];

const WRAPPER_RULES: readonly LevelRule[] = [
  {
    id: 'runner-removed',
    level: 'major',
    doc: 'A runner is gone: a schedule that starts it fails.',
    section: 'runners',
    find: removed,
  },
  { id: 'runner-added', level: 'minor', doc: 'A runner is new.', section: 'runners', find: added },
  {
    id: 'secret-added',
    level: 'minor',
    doc: 'A secret is new: it has to be set wherever the operation runs.',
    section: 'secrets',
    find: added,
  },
  {
    id: 'secret-removed',
    level: 'patch',
    doc: 'A secret is no longer needed.',
    section: 'secrets',
    find: removed,
  },
];

/** Every rule of level. A change that none of them finds is a patch. */
export const LEVEL_RULES: readonly LevelRule[] = [
  ...PARAM_RULES,
  ...INPUT_RULES,
  ...OUTPUT_RULES,
  ...WRAPPER_RULES,
];
