import Handlebars from 'handlebars';
import { RtnError } from '../error.js';
import { COMPONENT_STAGES } from '../registry/document.js';
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
  /** What its text includes as `{{> name}}`, by that name. Each has the partials of its own list, and no others. */
  readonly partials: Readonly<Record<string, RunnerTemplate>>;
}

/** Private-use characters enclose the name of a part until it is set in. */
const [OPEN, CLOSE] = ['\ue000', '\ue001'];
/** Stands for an empty line of a partial, which Handlebars would fill with the blanks that the partial is indented by. */
const EMPTY_LINE = '\ue002';
const MARK = new RegExp(`${OPEN}([a-z]+)${CLOSE}`, 'g');

/**
 * Sets the parts into the template. Each is printed for the place where the template, or a partial of it, puts it, so
 * that the layout is the template's alone. A needed part that it misses, or one it names that is not there, is an error.
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
  const missing = Object.keys(parts).filter((key) => !placed.has(key) && isNeeded(key, template));
  if (missing.length > 0)
    throw wrongTemplate(template, `it does not place ${missing.map((key) => `{{${key}}}`).join(', ')}`);
  return text + marked.slice(end);
}

/** The comment on top tells an edit from a change of the registry; a component is handed whatever there is. */
function isNeeded(key: string, { stages }: RunnerTemplate): boolean {
  const components: readonly string[] = COMPONENT_STAGES;
  return key === 'header' || stages.includes(key) || stages.some((stage) => components.includes(stage));
}

function render(template: RunnerTemplate, keys: readonly string[]): string {
  const marks = Object.fromEntries(keys.map((key) => [key, `${OPEN}${key}${CLOSE}`]));
  return renderer(template)(marks).replace(new RegExp(`[ \\t]*${EMPTY_LINE}`, 'g'), '');
}

/** The text as a function. Partials are such functions, too: of one name, each template may include another version. */
function renderer(template: RunnerTemplate): (context: unknown) => string {
  const mark = /[\ue000-\ue002]/.exec(template.text)?.[0];
  if (mark !== undefined)
    throw wrongTemplate(
      template,
      `it holds the private-use character U+${hex(mark)}, which stands for parts`,
    );
  const compiled = Handlebars.compile(template.text, {
    noEscape: true,
    strict: true,
    knownHelpersOnly: true,
  });
  const partials = Object.fromEntries(
    Object.entries(template.partials).map(([name, partial]) => {
      const rendered = renderer(partial);
      return [name, (context: unknown) => rendered(context).replace(/^(?=\n)/gm, EMPTY_LINE)];
    }),
  );
  return (context) => {
    try {
      return compiled(context, { partials });
    } catch (thrown) {
      if (thrown instanceof RtnError) throw thrown;
      throw wrongTemplate(template, problemOf(thrown));
    }
  };
}

function problemOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const partial = /^The partial (.+) could not be found$/.exec(message)?.[1];
  return partial === undefined ? message : `it includes {{> ${partial}}}, which its partials do not list`;
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
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
