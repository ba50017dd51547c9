import Handlebars from 'handlebars';
import { RtnError } from '../error.js';
import type { Expression } from './expression.js';
import { print } from './printer.js';

/** The text of a runner template and how messages name it. */
export interface RunnerTemplate {
  readonly name: string;
  readonly version: string;
  /** Handlebars. It places the parts, such as `{{operation}}` and `{{reader}}`, and holds no values of its own. */
  readonly text: string;
  /** The parts of a runner's YAML that it assembles, each named after the kind of its component. */
  readonly stages: readonly string[];
}

/** Private-use characters enclose the name of a part until it is set in. */
const [OPEN, CLOSE] = ['\ue000', '\ue001'];
const MARK = new RegExp(`${OPEN}([a-z]+)${CLOSE}`, 'g');

/**
 * Sets the parts into the template. Each is printed for the place where the template puts it, so that the layout is
 * the template's alone. A part that the template misses, or one it names that is not there, is an error.
 */
export function layOut(
  template: RunnerTemplate,
  parts: Readonly<Record<string, Expression | string>>,
): string {
  const marked = render(template, Object.keys(parts));
  const placed = new Set<string>();
  let text = '';
  let end = 0;
  for (const match of marked.matchAll(MARK)) {
    const [mark, key = ''] = match;
    const part = parts[key] ?? '';
    placed.add(key);
    text += marked.slice(end, match.index);
    end = match.index + mark.length;
    const line = text.slice(text.lastIndexOf('\n') + 1);
    const place = {
      indent: line.length - line.trimStart().length,
      column: line.length,
      behind: lineEnd(marked, end),
    };
    text += typeof part === 'string' ? part : print(part, place);
  }
  const missing = Object.keys(parts).filter((key) => !placed.has(key));
  if (missing.length > 0)
    throw wrongTemplate(template, `it does not place ${missing.map((key) => `{{${key}}}`).join(', ')}`);
  return text + marked.slice(end);
}

function render(template: RunnerTemplate, keys: readonly string[]): string {
  if (template.text.includes(OPEN))
    throw wrongTemplate(template, 'it holds the private-use character U+E000');
  try {
    const compiled = Handlebars.compile(template.text, {
      noEscape: true,
      strict: true,
      knownHelpersOnly: true,
    });
    return compiled(Object.fromEntries(keys.map((key) => [key, `${OPEN}${key}${CLOSE}`])));
  } catch (thrown) {
    throw wrongTemplate(template, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return (end === -1 ? text.length : end) - from;
}

function wrongTemplate({ name, version }: RunnerTemplate, problem: string): RtnError {
  return new RtnError('configuration', `template ${name}@${version} cannot be used: ${problem}`, {
    details: { template: `${name}@${version}` },
    next: `look at templates/${name}/${version}.mjs.hbs`,
  });
}
