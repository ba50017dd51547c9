/** The five things a reference can name. */
const REFERENCE_ROOTS = ['inputs', 'outputs', 'params', 'secrets', 'row'] as const;

type ReferenceRoot = (typeof REFERENCE_ROOTS)[number];

/** One `${root.path}` inside a text of an operation. */
export interface Reference {
  readonly root: ReferenceRoot;
  /** What stands behind the root: one name, or several for `row`. Never empty. */
  readonly path: readonly string[];
  /** As written, without `${` and `}`: for messages. */
  readonly text: string;
}

/** A `${…}` that is no reference. */
interface ReferenceMistake {
  /** What stands between `${` and `}`, or up to the end of the text where `}` is missing. */
  readonly text: string;
  readonly message: string;
}

/** A text cut at its references; literal parts have `$${` already read as `${`. */
export interface Template {
  readonly parts: readonly (string | Reference)[];
  /** A mistaken `${…}` stands as a literal in `parts`; `rtn check` has reported it, so generators may ignore this. */
  readonly mistakes: readonly ReferenceMistake[];
}

/** A text that is one reference and nothing else: the only form in which a number or a boolean can be given by one. */
export const SOLE_REFERENCE_PATTERN = '^\\$\\{[a-z]+(\\.[A-Za-z_][A-Za-z0-9_-]*)+\\}$';

const TOKEN = /\$\$\{|\$\{([^}]*)(\}?)/g;
const SEGMENT = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Cuts a text of an operation at its references. Total: any text gives a template, mistakes beside it. */
export function parseTemplate(text: string): Template {
  const parts: (string | Reference)[] = [];
  const mistakes: ReferenceMistake[] = [];
  let literal = '';
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const parsed = match[0] === '$${' ? '${' : parseReference(match[1] ?? '', match[2] === '}');
    if (typeof parsed === 'object' && 'root' in parsed) {
      if (literal !== '') parts.push(literal);
      parts.push(parsed);
      literal = '';
    } else if (typeof parsed === 'string') {
      literal += parsed;
    } else {
      mistakes.push(parsed);
      literal += match[0];
    }
  }
  literal += text.slice(end);
  if (literal !== '') parts.push(literal);
  return { parts, mistakes };
}

/** The reference that a value consists of, or undefined where it is no text, or holds anything beside one reference. */
export function soleReference(value: unknown): Reference | undefined {
  if (typeof value !== 'string') return undefined;
  const { parts } = parseTemplate(value);
  const [only] = parts;
  return parts.length === 1 && typeof only === 'object' ? only : undefined;
}

/** The references of a text, in order, repeats included. */
export function referencesIn(text: string): Reference[] {
  return parseTemplate(text).parts.filter((part) => typeof part === 'object');
}

function parseReference(text: string, isClosed: boolean): Reference | ReferenceMistake {
  const mistake = (problem: string): ReferenceMistake => ({
    text,
    message: `'\${${text}${isClosed ? '}' : ''}' ${problem}; write '$\${' for a literal '\${'`,
  });
  if (!isClosed) return mistake("has no closing '}'");
  const [root = '', ...path] = text.split('.');
  if (!isRoot(root))
    return mistake(
      `is no reference: expected one of ${REFERENCE_ROOTS.map((name) => `${name}.…`).join(', ')}`,
    );
  if (path.length === 0) return mistake(`names nothing: expected \${${root}.NAME}`);
  if (!path.every((segment) => SEGMENT.test(segment)))
    return mistake('is no reference: there are no expressions, only names');
  if (root !== 'row' && path.length > 1)
    return mistake(`goes too deep: only row has fields, expected \${${root}.${path[0]}}`);
  return { root, path, text };
}

function isRoot(text: string): text is ReferenceRoot {
  return (REFERENCE_ROOTS as readonly string[]).includes(text);
}
