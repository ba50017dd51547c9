import { parseDuration } from '../component.js';
import { oneLine } from '../error.js';
import type { ProgressStyle } from '../observe/display.js';
import type { StatusAddress } from '../observe/status-server.js';
import type { RetryPlan } from '../pipeline/plan.js';
import type { SelectionOptions } from '../pipeline/selection.js';
import { NAME_PATTERN } from '../registry/version.js';
import type { SlotRequest } from './slot.js';

/** What the command line says of the run itself, apart from the operation. */
export interface RunOptions {
  /** Name of the run; undefined when it is to be derived from the input. */
  readonly runId: string | undefined;
  /** What a schedule's start was given in place of a run id. */
  readonly slot: SlotRequest | undefined;
  /** A new run, whatever others have done. */
  readonly isFresh: boolean;
  /** Which part of the input, from 0, of how many. */
  readonly shard: { readonly index: number; readonly of: number };
  /** The run whose messages are sent again, and which of them; undefined for a run of its own. */
  readonly retry: RetryPlan | undefined;
  /** How long to wait for another runner of the same run; undefined for the default. */
  readonly waitMs: number | undefined;
  /** Folder for what must survive the process. */
  readonly stateDir: string | undefined;
  /** File that gets the counts as JSON at the end. */
  readonly summary: string | undefined;
  /** Progress as JSON lines instead of text. */
  readonly jsonProgress: boolean;
  /** Where /healthz, /readyz and /metrics are served; undefined for nowhere. */
  readonly health: StatusAddress | undefined;
  /** Says nothing on success. */
  readonly quiet: boolean;
  /** Reads, judges and renders; sends and logs nothing. */
  readonly isDryRun: boolean;
  /** Sends to many without asking. */
  readonly isConfirmed: boolean;
  /** The part of the input to take; undefined for all of it. */
  readonly selection: SelectionOptions | undefined;
  /** The latest time to send, milliseconds since the epoch. */
  readonly notAfterMs: number | undefined;
}

/** The options of a command line, from the texts given by flag; a switch that was given has the empty text. */
export function runOptions(given: ReadonlyMap<string, string>): {
  readonly values: RunOptions;
  readonly mistakes: readonly string[];
} {
  const mistakes: string[] = [];
  const read = <T>(flag: string, parse: (text: string) => T | undefined, expected: string): T | undefined => {
    const text = given.get(flag);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) mistakes.push(`--${flag}: got '${oneLine(text, 80)}', expected ${expected}`);
    return value;
  };
  const selection: SelectionOptions = {
    limit: read('limit', parseLimit, 'a whole number from 1'),
    sample: read('sample', parsePercent, 'a share above 0% and at most 100%, such as 1%'),
    only: read('only', parseIds, 'message ids with commas between'),
  };
  if (given.has('fresh') && given.has('run-id'))
    mistakes.push('--fresh makes a name of its own for the run: give it without --run-id');
  const slot = slotOf(given, read('start-deadline', parseDuration, 'a duration such as 30m'), mistakes);
  if (given.has('shard') && given.has('limit'))
    mistakes.push('--limit counts over the whole input, a --shard sees its part only: give one of them');
  const isSelected = ['limit', 'sample', 'only'].some((flag) => given.has(flag));
  const values: RunOptions = {
    runId: given.get('run-id'),
    slot,
    isFresh: given.has('fresh'),
    shard: read('shard', parseShard, 'a part such as 0/3') ?? { index: 0, of: 1 },
    retry: retryOf(given, mistakes),
    waitMs: read('wait', parseDuration, 'a duration such as 10m'),
    stateDir: given.get('state-dir'),
    summary: given.get('summary'),
    health: read('health-port', parseAddress, 'a port from 0 to 65535, or HOST:PORT'),
    jsonProgress: given.has('json-progress'),
    quiet: given.has('quiet'),
    isDryRun: given.has('dry-run'),
    isConfirmed: given.has('yes'),
    selection: isSelected ? selection : undefined,
    notAfterMs: read('not-after', parseTime, 'a time with its zone, such as 2026-11-23T20:00+03:00'),
  };
  return { values, mistakes };
}

function parseShard(text: string): { index: number; of: number } | undefined {
  const [, index, of] = /^(\d{1,5})\/([1-9]\d{0,4})$/.exec(text)?.map(Number) ?? [];
  return index !== undefined && of !== undefined && index < of ? { index, of } : undefined;
}

function slotOf(
  given: ReadonlyMap<string, string>,
  startDeadlineMs: number | undefined,
  mistakes: string[],
): SlotRequest | undefined {
  const [schedule, slot] = [given.get('schedule'), given.get('slot')];
  if (schedule === undefined && slot === undefined) {
    if (given.has('start-deadline'))
      mistakes.push('--start-deadline counts from the slot: give --schedule and --slot');
    return undefined;
  }
  if (schedule === undefined || slot === undefined) mistakes.push('--schedule and --slot go together');
  else if (!new RegExp(NAME_PATTERN).test(schedule))
    mistakes.push(`--schedule: got '${oneLine(schedule, 80)}', expected the name of a schedule`);
  for (const flag of ['run-id', 'fresh'])
    if (given.has(flag))
      mistakes.push(`--${flag} names the run, and so do --schedule and --slot: give one of them`);
  return { schedule: schedule ?? '', slot: slot ?? '', startDeadlineMs };
}

function retryOf(given: ReadonlyMap<string, string>, mistakes: string[]): RetryPlan | undefined {
  const [of, what] = [given.get('retry-of'), given.get('retry')];
  if (of === undefined && what === undefined) return undefined;
  if (of !== undefined && what !== undefined && given.has('run-id') && /^[a-z-]{1,40}$/.test(what))
    return { of, what };
  mistakes.push('--retry-of, --retry and --run-id go together: rtn retry gives them');
  return undefined;
}

function parseLimit(text: string): number | undefined {
  const limit = Number(text);
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(limit) ? limit : undefined;
}

/** `8080`, `0.0.0.0:8080`, `[::]:8080`. */
export function parseAddress(text: string): StatusAddress | undefined {
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535
    ? undefined
    : { host: bracketed ?? plain ?? '127.0.0.1', port };
}

function parsePercent(text: string): number | undefined {
  const share = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : 0;
  return share > 0 && share <= 1 ? share : undefined;
}

function parseIds(text: string): readonly string[] | undefined {
  const ids = text.split(',').map((id) => id.trim());
  return ids.some((id) => id === '') ? undefined : [...new Set(ids)];
}

/** ISO 8601 with a zone: without one it would mean another time on another machine. */
export function parseTime(text: string): number | undefined {
  const [, day] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const [timeMs, dayMs] = [Date.parse(text), Date.parse(`${day}T00:00:00Z`)];
  // Date.parse takes the 31st of a month that has 30 days for the 1st of the next.
  if (day === undefined || Number.isNaN(timeMs) || Number.isNaN(dayMs)) return undefined;
  return new Date(dayMs).toISOString().startsWith(day) ? timeMs : undefined;
}

/** How progress is shown: where nobody sees a terminal, as lines. */
export function progressStyle({ quiet, jsonProgress }: RunOptions): ProgressStyle {
  if (jsonProgress) return 'json';
  if (quiet) return 'none';
  return process.stderr.isTTY ? 'terminal' : 'lines';
}
