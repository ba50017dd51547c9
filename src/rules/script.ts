import { recordedDigests } from '../registry/digest.js';
import { scriptsOf } from '../registry/scripts.js';
import { at, judgedOf, type Rule } from './rule.js';

const missing: Rule = {
  id: 'script/missing',
  severity: 'error',
  doc: 'A runner starts a script of its own that is not there. The script is a file below operations/<name>/, its text is part of the digest, and nothing outside that folder can be named. A draft may come before its script: there it is a warning.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { file, path } of scriptsOf(operation)) {
        if (file === undefined)
          yield at(operation, path, `a script is a plain path below operations/${operation.name}/`);
        // That of a published operation is part of what was published: version/immutable.
        else if (judged.registry.tree.read(file) === undefined && recordedDigests(operation) === undefined)
          yield at(operation, path, `there is no file ${file}`, {
            ...(operation.status === 'draft' && { severity: 'warning' as const }),
          });
      }
    }
  },
};

export const SCRIPT_RULES: readonly Rule[] = [missing];
