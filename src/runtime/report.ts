import { writeFile } from 'node:fs/promises';
import { oneLine, RtnError } from '../error.js';
import { count, duration } from '../observe/progress.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';
import type { Ending } from '../pipeline/ending.js';

/** How a run ended: what the last lines and `--summary FILE` are made of. */
export interface RunReport {
  readonly runId: string;
  readonly operation: string;
  readonly version: string;
  readonly runner: string;
  readonly log: string;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly counts: Counts;
  readonly ending: Ending;
  /** Set when results went there. */
  readonly spillFile: string | undefined;
}

/** The last lines for a person: outcomes, rate, where the log is; an error with its stage and the next step. */
export function reportText(report: RunReport): string {
  const { counts, ending, durationMs } = report;
  const { logged } = counts;
  const outcomes = Object.entries(logged).filter(([outcome, number]) => number > 0 || outcome === 'sent');
  const seconds = durationMs / 1_000;
  const lines = [
    `${report.operation} ${report.version}: ${count(counts.read)} read, ${outcomes.map(([outcome, number]) => `${count(number)} ${outcome}`).join(', ')}`,
    `  ${count(counts.attempts)} requests, ${count(counts.retries)} repeats, in ${duration(seconds)} (${count(Math.round(loggedTotal(counts) / Math.max(seconds, 0.001)))}/s)`,
    `  run ${report.runId}, log in ${report.log}`,
  ];
  if (counts.left > 0) lines.push(`  ${count(counts.left)} rows were read and not sent`);
  if (counts.spilled > 0)
    lines.push(`  ${count(counts.spilled)} results could not be logged and are in ${report.spillFile}`);
  if (counts.lost > 0) lines.push(`  ${count(counts.lost)} results could be written nowhere`);
  if (ending.stopCause !== undefined)
    lines.push(...stopLines(ending.stopCause.stage, ending.stopCause.error));
  else if (ending.endCause !== undefined) lines.push(`  ended by ${ending.endCause}`);
  return `${lines.join('\n')}\n`;
}

function stopLines(stage: string, error: RtnError): string[] {
  const [first = '', ...more] = error.message.split('\n').map((line) => oneLine(line));
  const lines = [`error: stopped in the ${stage} stage: ${first}`, ...more.map((line) => `  ${line}`)];
  if (error.next !== undefined) lines.push(`  next: ${oneLine(error.next)}`);
  if (error.code === 'internal')
    lines.push(error.stack ?? '', '  This is our bug; please report it with the lines above.');
  return lines;
}

/** Writes the numbers as one JSON object, for what started the runner. */
export async function writeSummary(file: string, report: RunReport): Promise<void> {
  const { ending, ...rest } = report;
  const { stopCause, endCause } = ending;
  const error = stopCause && {
    stage: stopCause.stage,
    code: stopCause.error.code,
    message: stopCause.error.message,
  };
  try {
    await writeFile(
      file,
      `${JSON.stringify({ ...rest, endedBy: endCause ?? null, error: error ?? null }, null, 2)}\n`,
    );
  } catch (cause) {
    throw new RtnError('usage', `--summary: ${file} cannot be written`, { cause });
  }
}
