import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A text that changes when a schedules.yaml comes, goes or is written; reads no file. */
export function scheduleFilesMark(root: string): string {
  const operations = join(root, 'operations');
  const marks: string[] = [];
  for (const name of namesIn(operations)) {
    const { mtimeMs, size, ino } =
      statSync(join(operations, name, 'schedules.yaml'), { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined) marks.push(`${name} ${mtimeMs} ${size} ${ino}`);
  }
  return marks.join('\n');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
