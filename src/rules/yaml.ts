import { foundInLoading, type Rule } from './rule.js';

const encoding = foundInLoading(
  'yaml/encoding',
  'Documents are UTF-8 and at most one megabyte. Anything else would be read differently by different tools. Save the file as UTF-8.',
);

const syntax = foundInLoading(
  'yaml/syntax',
  'The file is no YAML 1.2 document, or it uses what a registry does not read: several documents in one file, custom tags, merge keys (<<), maps as keys, aliases that hold themselves or expand without end, more than 64 levels, more than 100,000 keys, values, comments and marks. Each of these means different things to different readers, and a digest must mean one.',
);

const duplicateKey = foundInLoading(
  'yaml/duplicate-key',
  'A key stands twice in one map. Parsers silently keep one of the two, and not all of them the same one. Delete the one that is not meant.',
);

const number = foundInLoading(
  'yaml/number',
  'A number has more digits than a double holds, or is no finite number. Its digits would change silently, and two different numbers would have one digest. Write it in quotes.',
);

const ambiguous = foundInLoading(
  'yaml/ambiguous',
  'An unquoted value or key that readers of YAML 1.1 (PyYAML, Ruby, much of Go and what is built on them) take for something else than rtn, which reads YAML 1.2: yes, no, on, off, y and n are booleans there, 010 is octal, 12:30:45 a number to the base of 60, 1_000 and 0b101 numbers. Two tools would see two documents. Write it in quotes, or true, false and the plain number where that is meant.',
);

const versionNumber = foundInLoading(
  'yaml/version-number',
  'A version, of the document or of a package in a layer, that stands without quotes and looks like a number. YAML reads 1.10 as the number 1.1, which is another version, and no number is a strict version. Write all three parts: "1.10.0".',
);

export const YAML_RULES: readonly Rule[] = [encoding, syntax, duplicateKey, number, ambiguous, versionNumber];
