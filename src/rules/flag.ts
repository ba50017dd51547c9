import { isMap } from '../registry/jsonSchema.js';
import { scriptsOf } from '../registry/scripts.js';
import { flagName, OPTION_FLAGS } from '../runner-flags.js';
import { atKey, judgedOf, type Rule } from './rule.js';

const taken: Rule = {
  id: 'binding/flag',
  severity: 'error',
  doc: "An input, output or param has a name whose flag is taken: by one that every runner has, such as --dry-run or --limit, or by another of the operation (`rate_limit` and `rate-limit` are one flag, --rate-limit). Its runner could not start. Give it another name. A script of one's own has none of those flags: there `dry_run` may be a param.",
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      const { document } = operation;
      if (hasScriptsAlone(document, scriptsOf(operation).length)) continue;
      const owners = new Map(OPTION_FLAGS.map(({ flag }) => [flag, 'every runner']));
      for (const [section, kind] of [
        ['inputs', 'input'],
        ['outputs', 'output'],
        ['params', 'param'],
      ] as const) {
        for (const name of Object.keys(isMap(document[section]) ? document[section] : {})) {
          const flag = flagName(name);
          const owner = owners.get(flag);
          if (owner === undefined) owners.set(flag, `${kind} '${name}'`);
          else
            yield atKey(
              operation,
              [section, name],
              `${kind} '${name}' cannot have the flag --${flag}, which ${owner} has; give it another name`,
            );
        }
      }
    }
  },
};

export const FLAG_RULES: readonly Rule[] = [taken];

function hasScriptsAlone({ runners }: Readonly<Record<string, unknown>>, scripts: number): boolean {
  return scripts > 0 && isMap(runners) && Object.keys(runners).length === scripts;
}
