import { foundInLoading, type Rule } from './rule.js';

const encoding = foundInLoading(
  'yaml/encoding',
  'Documents are UTF-8 and at most one megabyte. Anything else would be read differently by different tools. Save the file as UTF-8.',
);

const syntax = foundInLoading(
  'yaml/syntax',
  'The file is no YAML 1.2 document, or it uses what a registry does not read: several documents in one file, custom tags, merge keys (<<), maps as keys, aliases that hold themselves or expand without end. Each of these means different things to different readers, and a digest must mean one.',
);

const duplicateKey = foundInLoading(
  'yaml/duplicate-key',
  'A key stands twice in one map. Parsers silently keep one of the two, and not all of them the same one. Delete the one that is not meant.',
);

const number = foundInLoading(
  'yaml/number',
  'A number has more digits than a double holds, or is no finite number. Its digits would change silently, and two different numbers would have one digest. Write it in quotes.',
);

export const YAML_RULES: readonly Rule[] = [encoding, syntax, duplicateKey, number];
