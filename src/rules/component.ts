import { suggestion } from '../registry/spelling.js';
import { at, judgedOf, type Rule } from './rule.js';
import { usesOf } from './use.js';

const unknown: Rule = {
  id: 'component/unknown',
  severity: 'error',
  doc: 'A runner uses a reader, sender, channel, logger or task that this package does not have, so it cannot be generated. A draft may be ahead of the code: there it is a warning, until `rtn publish` is asked for.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { kind, use, path } of usesOf(operation, judged.specs).unknown) {
        const known = judged.specs.filter((spec) => spec.kind === kind).map((spec) => spec.key);
        const hint = known.length === 0 ? '; none exists yet' : suggestion(use, known);
        const isAhead = operation.status === 'draft' && !hint.startsWith('; did you mean');
        yield at(operation, path, `there is no ${kind} '${use}'${hint}`, {
          ...(isAhead && { severity: 'warning' as const }),
        });
      }
    }
  },
};

export const COMPONENT_RULES: readonly Rule[] = [unknown];
