import { RtnError } from '../error.js';
import type { Finding } from '../registry/finding.js';
import type { FileChange } from '../registry/tree.js';

/**
 * Holds a plan to its promise: throws `configuration` where the tree that would come out has an error in a file that the
 * plan writes. What was published and changed is told by the rule itself, and is no fault of the plan.
 */
export function refuseLeft(changes: readonly FileChange[], findings: readonly Finding[], what: string): void {
  const paths = new Set(changes.map(({ path }) => path));
  const left = findings.find(
    ({ file, rule, severity }) => severity === 'error' && paths.has(file) && rule !== 'version/immutable',
  );
  if (left !== undefined)
    throw new RtnError('configuration', `${what} would leave a finding: ${placeOf(left)}`, {
      next: 'rtn check',
    });
}

/** `file:line:column message`. */
export function placeOf({ file, line, column, message }: Finding): string {
  return `${file}:${line}:${column} ${message}`;
}
