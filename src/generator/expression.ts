/**
 * The little JavaScript that runners are made of, as a tree. Values that come from YAML enter it as literals, keys and
 * text only, which the printer escapes: nothing a document holds can become code.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  /** A name that the generator chose: `params`, `row`. Never text of a document. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Expression; readonly key: string; readonly isOptional: boolean }
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'template'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'call'; readonly callee: string; readonly args: readonly Expression[] }
  /** `({ inputs, params }) => body`: `parameters` is written as it stands. */
  | { readonly kind: 'arrow'; readonly parameters: string; readonly body: Expression };

export type Property = readonly [key: string, value: Expression];

export function literal(value: string | number | boolean | null): Expression {
  return { kind: 'literal', value };
}

export function name(text: string): Expression {
  return { kind: 'name', name: text };
}

/** `of.a.b`: with `isOptional` each step may find nothing before it (`?.`). */
export function member(of: Expression, key: string, isOptional = false): Expression {
  return { kind: 'member', of, key, isOptional };
}

export function object(properties: readonly Property[]): Expression {
  return { kind: 'object', properties };
}

export function array(items: readonly Expression[]): Expression {
  return { kind: 'array', items };
}

export function template(parts: readonly (string | Expression)[]): Expression {
  return { kind: 'template', parts };
}

export function call(callee: string, args: readonly Expression[]): Expression {
  return { kind: 'call', callee, args };
}

export function arrow(parameters: string, body: Expression): Expression {
  return { kind: 'arrow', parameters, body };
}

/** The names that stand free in an expression, for example `params`: those its surroundings must provide. */
export function namesIn(expression: Expression): ReadonlySet<string> {
  const found = new Set<string>();
  visit(expression, (part) => {
    if (part.kind === 'name') found.add(part.name);
  });
  return found;
}

/** The functions an expression calls, for the import line. */
export function calleesIn(expression: Expression): ReadonlySet<string> {
  const found = new Set<string>();
  visit(expression, (part) => {
    if (part.kind === 'call') found.add(part.callee);
  });
  return found;
}

/** Calls `see` with the expression and all within it, outermost first. */
export function visit(expression: Expression, see: (part: Expression) => void): void {
  see(expression);
  for (const child of children(expression)) visit(child, see);
}

/** The expressions that one is made of. */
export function children(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'member':
      return [expression.of];
    case 'object':
      return expression.properties.map(([, value]) => value);
    case 'array':
      return expression.items;
    case 'template':
      return expression.parts.filter((part) => typeof part !== 'string');
    case 'call':
      return expression.args;
    case 'arrow':
      return [expression.body];
  }
}
