import { writeFile } from 'node:fs/promises';
import { oneLine, RtnError } from '../error.js';
import { duration } from '../observe/progress.js';
import type { TaskReport } from '../pipeline/task.js';

/** How a task ended: what the last lines and `--summary FILE` are made of. */
export interface TaskEnd {
  readonly runId: string;
  readonly operation: string;
  readonly version: string;
  readonly runner: string;
  readonly isDryRun: boolean;
  readonly exitCode: number;
  readonly durationMs: number;
  /** Who asked for the end before all was done. */
  readonly endedBy: string | undefined;
  /** What it told; absent where it threw `error`. */
  readonly report?: TaskReport;
  readonly error?: RtnError;
}

/** The last lines for a person. */
export function taskText({ operation, version, runId, isDryRun, report, error, ...end }: TaskEnd): string {
  const how =
    error !== undefined ? 'failed' : isDryRun ? 'dry run' : report?.isComplete ? 'done' : 'not done';
  const lines = [
    `${operation} ${version}: ${how} after ${duration(end.durationMs / 1_000)}`,
    ...(report?.lines ?? []).map((line) => `  ${oneLine(line)}`),
    `  run ${runId}`,
    ...(end.endedBy === undefined ? [] : [`  ended by ${end.endedBy}`]),
  ];
  if (report?.isComplete === false) lines.push('  next: start the same command again');
  if (error !== undefined) lines.push(...errorLines(error));
  return `${lines.join('\n')}\n`;
}

function errorLines(error: RtnError): string[] {
  const [first = '', ...more] = error.message.split('\n').map((line) => oneLine(line));
  const lines = [`error: ${first}`, ...more.map((line) => `  ${line}`)];
  if (error.next !== undefined) lines.push(`  next: ${oneLine(error.next)}`);
  if (error.code === 'internal') {
    const { stack } = error.cause instanceof Error ? error.cause : error;
    lines.push(stack ?? '', '  This is our bug; please report it with the lines above.');
  }
  return lines;
}

/** Writes how it ended as one JSON object, for what started the runner. */
export async function writeTaskSummary(
  file: string,
  { report, error, endedBy, ...end }: TaskEnd,
): Promise<void> {
  const summary = {
    ...end,
    isComplete: report?.isComplete ?? false,
    endedBy: endedBy ?? null,
    error: error === undefined ? null : { code: error.code, message: error.message },
    summary: report?.summary ?? null,
  };
  try {
    await writeFile(file, `${JSON.stringify(summary, null, 2)}\n`);
  } catch (cause) {
    throw new RtnError('usage', `--summary: ${file} cannot be written`, { cause });
  }
}
