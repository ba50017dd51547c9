import { _, type Ajv, type CodeKeywordDefinition } from 'ajv';

/**
 * Puts quicker keywords for the length of texts in the place of Ajv's own, which count the characters of every text:
 * a third of a microsecond a row with some short ones. Mostly the number of UTF-16 units tells it all.
 */
export function measureQuickly(ajv: Ajv): void {
  const tests = { maxLength: isAtMost, minLength: isAtLeast };
  for (const [keyword, test] of Object.entries(tests)) {
    const { error } = ajv.getKeyword(keyword) as CodeKeywordDefinition;
    ajv.removeKeyword(keyword).addKeyword({
      keyword,
      type: 'string',
      schemaType: 'number',
      before: 'pattern',
      ...(error && { error }),
      code(context) {
        const fits = context.gen.scopeValue('func', { ref: test });
        context.fail(_`!${fits}(${context.data}, ${context.schema})`);
      },
    });
  }
}

function isAtMost(text: string, most: number): boolean {
  return text.length <= most || characters(text) <= most;
}

/** A character is one unit or two. */
function isAtLeast(text: string, least: number): boolean {
  return text.length >= least && (text.length >= 2 * least || characters(text) >= least);
}

/** Characters as JSON Schema counts them (RFC 8259): a pair of surrogates is one. */
function characters(text: string): number {
  let count = 0;
  for (const _character of text) count++;
  return count;
}
