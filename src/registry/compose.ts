import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from 'yaml';

/** 100 times what a large operation has; the YAML library takes half a second and 100 MB for the worst that fits. */
const MAX_LEXEMES = 100_000;
/** How deep maps and lists may stand in each other; the parser keeps at most two entries a level. */
export const MAX_DEPTH = 64;
const MAX_STACK = 2 * MAX_DEPTH + 2;
/** An error costs the library more than a value, and nobody reads the hundredth. */
const MAX_FAULTS = 100;

const OPTIONS = {
  prettyErrors: false,
  version: '1.2',
  schema: 'core',
  merge: false,
  logLevel: 'silent',
  // The library compares each key with all before it; plain.ts finds those that stand twice in one pass.
  uniqueKeys: false,
} as const;

/** The documents of a text, at most two of them, or where and why the text is more than is read. */
export interface Composed {
  readonly documents: readonly Document.Parsed[];
  readonly excess?: { readonly message: string; readonly offset: number };
}

/**
 * Reads a text with the YAML library one lexeme at a time, so that nesting, length and errors without end stop it
 * before they cost time and memory; handed a whole text, the library has no limits of its own.
 */
export function compose(text: string, lines: LineCounter): Composed {
  const [parser, composer] = [new Parser(lines.addNewLine), new Composer(OPTIONS)];
  const documents: Document.Parsed[] = [];
  let lexemes = 0;
  let faults = 0;
  const take = (tokens: Iterable<CST.Token>): void => {
    for (const token of tokens) {
      if (token.type === 'error' || token.type === 'directive') faults++;
      for (const document of composer.next(token)) documents.push(document as Document.Parsed);
    }
  };
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith('"')) faults += badEscapes(lexeme);
    const message = excessOf(++lexemes, faults, parser.stack.length);
    if (message !== undefined) return { documents: [], excess: { message, offset: parser.offset } };
    if (documents.length > 1) return { documents };
    take(parser.next(lexeme));
  }
  take(parser.end());
  for (const document of composer.end()) documents.push(document as Document.Parsed);
  return { documents };
}

/** How many escapes of a double-quoted text are none: each would be an error, and one lexeme may hold half a million. */
function badEscapes(lexeme: string): number {
  const escapes =
    /\\(?:[0abefnrtvNLP_ "/\\\n\r\t]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U00(?:0[\da-fA-F]|10)[\da-fA-F]{4}|(?<bad>.|$))/gs;
  let count = 0;
  for (const { groups } of lexeme.matchAll(escapes)) {
    if (groups?.bad !== undefined && ++count > MAX_FAULTS) break;
  }
  return count;
}

function excessOf(lexemes: number, faults: number, depth: number): string | undefined {
  if (depth > MAX_STACK) return `the document is nested more than ${MAX_DEPTH} levels deep`;
  if (lexemes > MAX_LEXEMES)
    return `the document has more than ${MAX_LEXEMES} keys, values, comments and marks; split it`;
  return faults > MAX_FAULTS ? 'this is no YAML: more mistakes than could be told' : undefined;
}
