import { type Command, Option } from 'commander';
import { oneLine, RtnError } from '../error.js';
import type { Target, TargetOptions } from '../targets/target.js';
import { TARGETS } from '../targets/targets.js';

/** Adds `--target` and the options of all targets to `rtn generate`. */
export function withTargetOptions(command: Command): Command {
  command.addOption(
    new Option(
      '--target <target>',
      'write what a scheduler starts the runners of schedules by, in place of runners',
    ).choices(TARGETS.map(({ key }) => key)),
  );
  for (const [flag, { placeholder, description, default: byDefault }] of allOptions()) {
    const takers = TARGETS.filter(({ options }) => Object.hasOwn(options, flag)).map(({ key }) => key);
    const option = new Option(
      placeholder === undefined ? `--${flag}` : `--${flag} <${placeholder.toLowerCase()}>`,
      `${description} (${takers.join(', ')}${byDefault === undefined ? '' : `; default: ${byDefault}`})`,
    );
    command.addOption(option.helpGroup('Options of --target:'));
  }
  return command;
}

/** Every option of every target once. */
function allOptions() {
  return new Map(TARGETS.flatMap(({ options }) => Object.entries(options)));
}

/** The options of targets that were given without `--target`, as flags. */
export function strayTargetOptions(command: Command): string[] {
  return givenOptions(command).map(([flag]) => `--${flag}`);
}

/** The options of targets on the command line. */
export function givenOptions(command: Command): [flag: string, text: string][] {
  return command.options.flatMap((option) => {
    const flag = option.long?.slice(2) ?? '';
    const value: unknown = command.getOptionValue(option.attributeName());
    return allOptions().has(flag) && value !== undefined ? [[flag, String(value)]] : [];
  });
}

/** The target of a key; throws `usage` where there is none. */
export function theTarget(key: string): Target {
  const target = TARGETS.find((each) => each.key === key);
  if (target !== undefined) return target;
  const known = TARGETS.map((each) => each.key).join(', ');
  throw new RtnError('usage', `there is no target '${oneLine(key, 80)}'`, {
    next: `--target, one of ${known}`,
  });
}

/** The target's own options with defaults put in; all that is wrong with them comes at once. */
export function optionsFor(target: Target, given: readonly [flag: string, text: string][]): TargetOptions {
  const values: Record<string, string | undefined> = {};
  for (const [flag, { default: byDefault }] of Object.entries(target.options)) values[flag] = byDefault;
  const mistakes: string[] = [];
  for (const [flag, text] of given) {
    const option = target.options[flag];
    const problem = option?.problem?.(text);
    if (option === undefined) mistakes.push(`target ${target.key} takes no --${flag}`);
    else if (problem !== undefined) mistakes.push(`--${flag}: got '${oneLine(text, 80)}', ${problem}`);
    values[flag] = text;
  }
  for (const [flag, { isRequired }] of Object.entries(target.options))
    if (isRequired === true && values[flag] === undefined)
      mistakes.push(`target ${target.key} needs --${flag}`);
  if (mistakes.length > 0)
    throw new RtnError('usage', mistakes.join('\n  '), { next: 'rtn generate --help' });
  return values;
}
