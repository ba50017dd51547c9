import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A text that changes when a schedules.yaml comes, goes or is written; reads no file. */
export function scheduleFilesMark(root: string): string {
  const operations = join(root, 'operations');
  const marks: string[] = [];
  for (const name of namesIn(operations)) {
    const mark = markOf(join(operations, name, 'schedules.yaml'));
    if (mark !== undefined) marks.push(`${name} ${mark}`);
  }
  return marks.join('\n');
}

/** Undefined where there is none, as below a plain file that stands among the operations. */
function markOf(path: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
