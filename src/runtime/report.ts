import { writeFile } from 'node:fs/promises';
import { oneLine, RtnError } from '../error.js';
import { count, duration } from '../observe/progress.js';
import type { Begun } from '../pipeline/begin.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';
import type { Ending, Stage, StopCause } from '../pipeline/ending.js';
import { isFenced } from '../pipeline/ledger.js';

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
  /** Set when rows of a stream were left: the file that has them, and where it can be pushed to. */
  readonly replay: { readonly file: string; readonly endpoint: string | undefined } | undefined;
  /** Ids of `--only` that no row had. */
  readonly notFound: readonly string[];
  /** How the run stood in the ledger when this start took it; undefined where it never did. */
  readonly begun: Begun | undefined;
}

/** Ids that are told one by one. */
const MOST_IDS = 20;

/** How the stop by something that is no stage of the pipeline is told. */
const STOPPED_BY: Readonly<Partial<Record<Stage, string>>> = {
  spill: 'the spill file failed',
  replay: 'the replay file failed',
  threshold: 'stopped by a threshold',
  drain: 'stopped by the drain timeout',
  deadline: 'stopped by --not-after',
  control: 'stopped by a person',
  confirmation: 'stopped before the first row',
  pipeline: 'the balance is wrong',
};

/** The last lines for a person: outcomes, rate, where the log is; an error with its stage and the next step. */
export function reportText(report: RunReport): string {
  const { counts, ending, durationMs } = report;
  const outcomes = Object.entries(counts.logged).filter(
    ([outcome, number]) => number > 0 || outcome === 'sent',
  );
  const seconds = durationMs / 1_000;
  const lines = [
    `${report.operation} ${report.version}: ${count(counts.read)} read, ${outcomes.map(([outcome, number]) => `${count(number)} ${outcome}`).join(', ')}`,
    `  ${count(counts.attempts)} requests, ${count(counts.retries)} repeats, in ${duration(seconds)} (${count(Math.round(loggedTotal(counts) / Math.max(seconds, 0.001)))}/s)`,
    `  run ${report.runId}, log in ${report.log}`,
    ...countLines(report),
  ];
  const { stopCause } = ending;
  if (stopCause !== undefined) lines.push(...stopLines('error', stopCause));
  else if (ending.endCause !== undefined) lines.push(`  ended by ${ending.endCause}`);
  for (const cause of ending.further) lines.push(...stopLines('also', cause));
  if (counts.held > 0)
    lines.push(`  next: rtn runs show ${report.runId}, then rtn retry ${report.runId} --in-doubt`);
  if (report.spillFile !== undefined)
    lines.push(`  next: start the same command again, or rtn log replay ${report.spillFile}`);
  if (report.replay !== undefined)
    lines.push(`  next: rtn push ${report.replay.file} --to ${report.replay.endpoint ?? 'ENDPOINT'}`);
  return `${lines.join('\n')}\n`;
}

/** What there is to tell when a start takes over a run that an earlier one has begun; undefined for a new run. */
export function begunText({ record, isFinished, isResumed, inDoubt }: Begun): string | undefined {
  const id = oneLine(record.runId, 200);
  if (isFinished)
    return `run ${id} has finished (begun ${record.startedAt}): nothing is left to send. --fresh sends to everyone again.`;
  if (!isResumed) return undefined;
  const doubts = inDoubt === 0 ? '' : `, ${count(inDoubt)} messages in doubt`;
  return `run ${id} goes on (begun ${record.startedAt})${doubts}`;
}

function countLines({ counts, ending, notFound, spillFile, replay }: RunReport): string[] {
  const { notSelected, alreadyDone, recovered, left, held, suppressed, breakerPauses, spilled, lost } =
    counts;
  const told: [number, string][] = [
    [notSelected, 'rows were not selected'],
    [alreadyDone, 'rows were done by an earlier start'],
    [recovered, 'results of an earlier start are in the log now'],
    [left, `${leftText(ending)}${replay === undefined ? '' : `; they are in ${replay.file}`}`],
    [held, 'messages may have been sent before the runner died; they wait for a decision'],
    [suppressed, 'recipients are not to be sent to again: suppress is true in the log'],
    [
      breakerPauses,
      breakerPauses === 1 ? 'pause, since the provider was down' : 'pauses, since the provider was down',
    ],
    [spilled, `results could not be logged and are in ${spillFile}`],
    [lost, 'results could be written nowhere'],
  ];
  const lines = told.filter(([number]) => number > 0).map(([number, words]) => `  ${count(number)} ${words}`);
  if (notFound.length > 0) lines.push(`  not found: ${idsText(notFound)}`);
  return lines;
}

/** Who has lost the run to another runner cannot say whether its last rows were sent: that one decides on them. */
function leftText({ stopCause }: Ending): string {
  return isFenced(stopCause?.error) ? 'rows were left to the other runner' : 'rows were read and not sent';
}

/** Some of the ids, and how many more there are. */
function idsText(ids: readonly string[]): string {
  const shown = ids
    .slice(0, MOST_IDS)
    .map((id) => oneLine(id, 80))
    .join(', ');
  return ids.length <= MOST_IDS ? shown : `${shown} and ${count(ids.length - MOST_IDS)} more`;
}

function stopLines(lead: string, { stage, error, at }: StopCause): string[] {
  const how = STOPPED_BY[stage] ?? `stopped in the ${stage} stage`;
  const where = at === undefined ? '' : ` at ${placeText(at)}`;
  const [first = '', ...more] = error.message.split('\n').map((line) => oneLine(line));
  const lines = [`${lead}: ${how}${where}: ${first}`, ...more.map((line) => `  ${line}`)];
  if (error.next !== undefined) lines.push(`  next: ${oneLine(error.next)}`);
  if (error.code === 'internal')
    lines.push(error.stack ?? '', '  This is our bug; please report it with the lines above.');
  return lines;
}

function placeText({ id, position }: NonNullable<StopCause['at']>): string {
  return id === undefined ? `position ${position}` : `message ${oneLine(id, 80)} (position ${position})`;
}

/** Writes the numbers as one JSON object, for what started the runner; `dryRun` takes the place of a dry run's counts. */
export async function writeSummary(file: string, report: RunReport, dryRun?: object): Promise<void> {
  const { ending, counts, begun, ...rest } = report;
  const { stopCause, endCause, further } = ending;
  const summary = {
    ...rest,
    ...(dryRun === undefined ? { counts } : { dryRun }),
    isResumed: begun?.isResumed ?? false,
    wasFinished: begun?.isFinished ?? false,
    endedBy: endCause ?? null,
    error: stopCause === undefined ? null : causeSummary(stopCause),
    further: further.map(causeSummary),
  };
  try {
    await writeFile(file, `${JSON.stringify(summary, null, 2)}\n`);
  } catch (cause) {
    throw new RtnError('usage', `--summary: ${file} cannot be written`, { cause });
  }
}

function causeSummary({ stage, error, at }: StopCause): object {
  const { code, message } = error;
  return { stage, code, message, messageId: at?.id ?? null, position: at?.position ?? null };
}
