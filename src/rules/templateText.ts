import { createRequire } from 'node:module';
import type { Position } from '../registry/finding.js';

/** What the text of a template includes, or where it is no Handlebars. */
export interface TemplateText {
  readonly partials?: readonly (Position & { readonly name: string | undefined })[];
  readonly mistake?: Position & { readonly message: string };
}

interface Node {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } };
  readonly name?: { readonly type: string; readonly original?: unknown };
  readonly [key: string]: unknown;
}

const load = createRequire(import.meta.url);

/** Reads the text of a template. Handlebars is loaded when the first is read: a check of operations needs none. */
export function parseTemplateText(bytes: Uint8Array): TemplateText {
  const { parse } = load('handlebars') as typeof import('handlebars');
  try {
    return { partials: partialsIn(parse(Buffer.from(bytes).toString('utf8')) as unknown as Node) };
  } catch (thrown) {
    return { mistake: mistakeOf(thrown) };
  }
}

function partialsIn(node: unknown): NonNullable<TemplateText['partials']> {
  if (Array.isArray(node)) return node.flatMap(partialsIn);
  if (typeof node !== 'object' || node === null) return [];
  const { type, name, loc, ...rest } = node as Node;
  const inner = Object.entries(rest).flatMap(([key, value]) => (key === 'strip' ? [] : partialsIn(value)));
  if (type !== 'PartialStatement' && type !== 'PartialBlockStatement') return inner;
  const isName = name?.type === 'PathExpression' || name?.type === 'StringLiteral';
  const position = { line: loc?.start.line ?? 1, column: (loc?.start.column ?? 0) + 1 };
  return [{ ...position, name: isName ? String(name.original) : undefined }, ...inner];
}

/** Handlebars tells the line in words, or counts it from 0, by the kind of mistake. */
function mistakeOf(thrown: unknown): NonNullable<TemplateText['mistake']> {
  const { message, lineNumber, column } = thrown as { message: string; lineNumber?: number; column?: number };
  const inWords = /on line (\d+)/.exec(message)?.[1];
  return {
    line: lineNumber ?? Number(inWords ?? 1),
    column: (column ?? 0) + 1,
    message: `this is no Handlebars: ${inPlainWords(message.split('\n').at(-1) ?? message)}`,
  };
}

/** The parser tells every token that it would have taken; people are told what they forgot. */
function inPlainWords(expecting: string): string {
  const got = /^Expecting .*, got '(\w+)'$/.exec(expecting)?.[1];
  if (got === 'EOF') return 'the text ends before a block is closed';
  if (got === 'OPEN_ENDBLOCK') return 'a block is closed that was not opened';
  if (got === 'CLOSE') return 'a tag ends too early';
  return got === 'INVALID' ? 'a character stands where none such can' : expecting;
}
