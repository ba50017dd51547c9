import { typesOf } from '../component.js';
import { oneLine, RtnError } from '../error.js';
import { suggestion } from '../registry/spelling.js';
import { flagName, OPTION_FLAGS, TASK_OPTION_FLAGS } from '../runner-flags.js';
import { isTaskRunner, type RunnerDefinition } from './definition.js';

/** One flag that a runner understands. */
export interface Flag {
  readonly kind: 'input' | 'output' | 'param' | 'option';
  /** The name in the operation: of the input, the output, the param. */
  readonly name: string;
  /** Whether a value follows; a `switch` may be given as `--x`, `--no-x`, `--x=false`. */
  readonly takes: 'value' | 'switch' | 'nothing';
  /** May be given several times: the texts are joined with commas. */
  readonly isRepeatable?: boolean;
}

/** What flags were given: texts by kind and name. A bare switch has the text `true`. */
export interface GivenFlags {
  readonly input: ReadonlyMap<string, string>;
  readonly output: ReadonlyMap<string, string>;
  readonly param: ReadonlyMap<string, string>;
  readonly option: ReadonlyMap<string, string>;
  readonly mistakes: readonly string[];
}

/** All flags of a runner by their name without dashes. Two of one name are a mistake of the operation. */
export function flagsOf(definition: RunnerDefinition): ReadonlyMap<string, Flag> {
  const { operation, inputs, outputs, params } = definition;
  const flags = new Map<string, Flag>();
  const add = (kind: Flag['kind'], name: string, takes: Flag['takes'], isRepeatable = false): void => {
    const other = flags.get(flagName(name));
    if (other !== undefined) {
      throw new RtnError(
        'configuration',
        `${operation.name} ${operation.version}: ${kind} '${name}' cannot have the flag --${flagName(name)}, which ${other.kind} '${other.name}' has`,
        { next: 'give it another name in the operation' },
      );
    }
    flags.set(flagName(name), { kind, name, takes, isRepeatable });
  };
  for (const { flag, placeholder, isRepeatable } of isTaskRunner(definition)
    ? TASK_OPTION_FLAGS
    : OPTION_FLAGS)
    add('option', flag, placeholder === undefined ? 'nothing' : 'value', isRepeatable);
  for (const name of Object.keys(inputs)) add('input', name, 'value');
  for (const name of Object.keys(outputs)) add('output', name, 'value');
  for (const [name, schema] of Object.entries(params))
    add('param', name, typesOf(schema).includes('boolean') ? 'switch' : 'value');
  return flags;
}

/** Reads `--flag value`, `--flag=value` and switches. Total: what is wrong is told in `mistakes`, all of it. */
export function readFlags(
  argv: readonly string[],
  flags: ReadonlyMap<string, Flag>,
  secrets: readonly string[],
): GivenFlags {
  const given: Record<Flag['kind'], Map<string, string>> = {
    input: new Map(),
    output: new Map(),
    param: new Map(),
    option: new Map(),
  };
  const mistakes: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const token = argv[index] ?? '';
    const next = argv[index + 1];
    const [, word, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(token) ?? [];
    const found = word === undefined ? undefined : findFlag(word, flags);
    if (word === undefined) {
      mistakes.push(`got '${oneLine(token, 80)}' where a flag was expected`);
    } else if (found === undefined) {
      mistakes.push(unknownFlag(word, flags, secrets));
      // What follows an unknown flag is its value, perhaps a secret: no message shows it.
      if (inline === undefined && isValue(next)) index++;
    } else {
      const { flag, isNegated } = found;
      const read = isNegated ? negated(word, inline) : readValue(flag, word, inline, next);
      if (read.isNextTaken) index++;
      if (read.mistake !== undefined) mistakes.push(read.mistake);
      const before = given[flag.kind].get(flag.name);
      const isTwice = before !== undefined && flag.isRepeatable !== true;
      if (isTwice) mistakes.push(`--${flagName(flag.name)} is given twice`);
      given[flag.kind].set(flag.name, before === undefined || isTwice ? read.text : `${before},${read.text}`);
    }
  }
  return { ...given, mistakes };
}

interface ReadValue {
  readonly text: string;
  readonly isNextTaken?: boolean;
  readonly mistake?: string;
}

function readValue(
  { takes }: Flag,
  word: string,
  inline: string | undefined,
  next: string | undefined,
): ReadValue {
  if (takes === 'nothing') {
    return { text: '', ...(inline !== undefined && { mistake: `--${word} takes no value` }) };
  }
  if (inline !== undefined) return { text: inline };
  if (takes === 'switch') {
    return next === 'true' || next === 'false' ? { text: next, isNextTaken: true } : { text: 'true' };
  }
  if (next !== undefined && isValue(next)) return { text: next, isNextTaken: true };
  return { text: '', mistake: `--${word} needs a value; write --${word}=VALUE for one that begins with --` };
}

function negated(word: string, inline: string | undefined): ReadValue {
  return { text: 'false', ...(inline !== undefined && { mistake: `--${word} takes no value` }) };
}

function isValue(token: string | undefined): boolean {
  return token !== undefined && !token.startsWith('--');
}

function findFlag(
  word: string,
  flags: ReadonlyMap<string, Flag>,
): { flag: Flag; isNegated: boolean } | undefined {
  const name = flagName(word);
  const flag = flags.get(name);
  if (flag !== undefined) return { flag, isNegated: false };
  const negated = name.startsWith('no-') ? flags.get(name.slice(3)) : undefined;
  return negated?.takes === 'switch' ? { flag: negated, isNegated: true } : undefined;
}

function unknownFlag(word: string, flags: ReadonlyMap<string, Flag>, secrets: readonly string[]): string {
  const shown = `--${oneLine(word, 80)}`;
  const secret = secrets.find((name) => flagName(name).toLowerCase() === flagName(word).toLowerCase());
  if (secret !== undefined)
    return `${shown} is no flag: secrets come from the environment, as ${secret} or ${secret}_FILE`;
  const near = suggestion(flagName(word), [...flags.keys()]);
  return `there is no flag ${shown}${near.includes('did you mean') ? near.replace("'", "'--") : ''}`;
}
