import { foundInLoading, type Rule } from './rule.js';

const unknownKey = foundInLoading(
  'schema/unknown-key',
  "A key that nothing reads, most often a slip of the keyboard: it would be ignored, and what was meant would not happen. In JSON Schemas of params and rows, keywords of one's own begin with x-.",
);

const required = foundInLoading(
  'schema/required',
  'A key without which the document has no meaning is missing. The message gives its description.',
);

const type = foundInLoading(
  'schema/type',
  'A value has the wrong type. A version such as 1.10 is read as a number unless it stands in quotes. A value that is one reference, such as ${params.x}, may stand in place of a number or a boolean.',
);

const value = foundInLoading(
  'schema/value',
  'A value has the right type and is still not one that can stand here: not one of those listed, out of bounds, not in the expected form, a JSON Schema that cannot be used, or a default that its own schema refuses.',
);

export const SCHEMA_RULES: readonly Rule[] = [unknownKey, required, type, value];
