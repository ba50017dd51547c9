import { OUTCOME_CLASSES } from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import { stepsOf, valueAt } from '../registry/pointer.js';
import type { Path } from '../registry/source.js';
import { at, type Found, type Judged, judgedOf, type Rule } from './rule.js';
import { type TableUse, usesOf } from './use.js';

/** A status or code in an outcome table. */
interface Listed {
  readonly text: string;
  readonly class: string;
  readonly path: Path;
}

const twice: Rule = {
  id: 'outcome/twice',
  severity: 'error',
  doc: 'An outcome table lists one status or code in two classes, so that what an answer comes to would be chance. A single status beside its hundred (503 and 5xx) is no conflict: the single one counts.',
  *check(judged) {
    for (const { operation, use } of tablesOf(judged)) {
      const first = new Map<string, string>();
      for (const { text, class: name, path } of listedIn(use)) {
        const before = first.get(text);
        if (before !== undefined && before !== name)
          yield at(operation, path, `${text} is listed as ${before} already`);
        first.set(text, before ?? name);
      }
    }
  },
};

const unused: Rule = {
  id: 'outcome/unused',
  severity: 'warning',
  doc: 'An entry of an outcome table that never decides anything: a status listed twice in one class, or beside its hundred in the same class; a 1xx, with which no answer ends; a status or code to suppress that no class lists; a rule that wants both an error and an answer.',
  *check(judged) {
    for (const { operation, use } of tablesOf(judged)) {
      const listed = [...listedIn(use)];
      yield* repeated(operation, listed, use);
      yield* unlistedSuppressions(operation, listed, use);
      yield* impossibleRules(operation, use);
    }
  },
};

function* repeated(operation: Artefact, listed: readonly Listed[], { mark }: TableUse): Iterable<Found> {
  const seen = new Set<string>();
  for (const { text, class: name, path } of listed) {
    const hundred = mark.hasStatuses ? hundredOf(text) : undefined;
    const isCovered = listed.some((other) => other.text === hundred && other.class === name);
    if (seen.has(`${name} ${text}`)) yield at(operation, path, `${text} stands twice in ${name}`);
    else if (mark.hasStatuses && text.startsWith('1'))
      yield at(operation, path, `no answer ends with ${text}, so this never decides anything`);
    else if (isCovered) yield at(operation, path, `${text} is ${name} already by ${hundred}`);
    seen.add(`${name} ${text}`);
  }
}

function* unlistedSuppressions(
  operation: Artefact,
  listed: readonly Listed[],
  { mark, value, path }: TableUse,
): Iterable<Found> {
  const suppressed = valueAt(value, mark.suppress);
  for (const [index, item] of (Array.isArray(suppressed) ? suppressed : []).entries()) {
    const text = String(item);
    const isListed = listed.some((other) => other.text === text || other.text === hundredOf(text));
    if (!isListed)
      yield at(
        operation,
        [...path, ...stepsOf(mark.suppress), index],
        `${text} is listed in no class, so it is tried again before anything is logged`,
      );
  }
}

function* impossibleRules(operation: Artefact, { mark, value, path }: TableUse): Iterable<Found> {
  const rules = mark.rules === undefined ? [] : valueAt(value, mark.rules);
  for (const [index, rule] of (Array.isArray(rules) ? rules : []).entries()) {
    if (isMap(rule) && 'error' in rule && ['status', 'header', 'at'].some((key) => key in rule))
      yield at(
        operation,
        [...path, ...stepsOf(mark.rules ?? ''), index, 'error'],
        'this rule never holds: what ends with an error has no status, header or body',
      );
  }
}

export const OUTCOME_RULES: readonly Rule[] = [twice, unused];

function* tablesOf(judged: Judged): Iterable<{ operation: Artefact; use: TableUse }> {
  for (const operation of judgedOf('operation', judged)) {
    // What an alias repeats is told once.
    const seen = new Set<unknown>();
    for (const use of usesOf(operation, judged.specs).tables) {
      const home = JSON.stringify([operation.source.homeOf(use.path), use.mark.at]);
      if (!seen.has(home)) yield { operation, use };
      seen.add(home);
    }
  }
}

function* listedIn({ mark, value, path }: TableUse): Iterable<Listed> {
  const table = valueAt(value, mark.at);
  for (const name of OUTCOME_CLASSES) {
    const items = isMap(table) && Object.hasOwn(table, name) ? table[name] : undefined;
    for (const [index, item] of (Array.isArray(items) ? items : []).entries())
      yield { text: String(item), class: name, path: [...path, ...stepsOf(mark.at), name, index] };
  }
}

function hundredOf(text: string): string | undefined {
  return /^[1-5]\d\d$/.test(text) ? `${text[0]}xx` : undefined;
}
