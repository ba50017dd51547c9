import { oneLine } from '../error.js';
import { count, duration } from '../observe/progress.js';
import { rangesOf } from '../pipeline/claims.js';
import type { RunRecord, StartRecord } from '../pipeline/ledger.js';
import { type RunStanding, type RunTally, standingOf, tallyOf } from '../pipeline/run-tally.js';
import { shownText } from '../report/mask.js';
import { columnsText } from '../report/table.js';
import { secondOf, startHolder, workText } from './runs-list.js';
import type { RunReport } from './runs-show.js';

type Lines = readonly (readonly string[])[];

/** Ranges of positions that are told one by one; `--json` has all. */
const MOST_RANGES = 20;

/** Starts that are told: the newest. */
const MOST_STARTS = 20;

/** A run on one screen. Whatever stands in the store is made safe for a terminal. */
export function runPage(report: RunReport, width: number | undefined): string {
  const { record, starts } = report;
  const tally = tallyOf(starts, Date.now());
  const standing = standingOf(record, tally);
  const sections: [string, Lines][] = [
    ['plan', planLines(record)],
    [
      'params',
      Object.entries(record.plan.params).map(([name, value]) => [shownText(name, 80), valueText(value)]),
    ],
    ['starts', startLines(starts)],
    ...(record.plan.task === undefined ? sendingSections(report, tally) : []),
    [tally.running.length > 0 && standing !== 'died' ? 'on their way' : 'in doubt', openLines(report)],
  ];
  const body = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n${title}\n${columnsText(lines, { indent: 2, width })}`);
  const head = `run ${shownText(record.runId, 200)} (${standing})\n${nextText(report, standing, tally)}`;
  return `${head}\n${columnsText(factLines(record, tally), { width })}${body.join('')}`;
}

/** What only a run that sends has. */
function sendingSections(report: RunReport, tally: RunTally): [string, Lines][] {
  return [
    ['outcomes', outcomeLines(tally)],
    ['not sent, by class', unsentLines(report)],
    ['errors in the log', errorLines(report)],
  ];
}

/** What a person would do now. */
function nextText({ record, open }: RunReport, standing: RunStanding, { counts }: RunTally): string {
  const id = oneLine(record.runId, 200);
  if (standing === 'stopping' && record.plan.task !== undefined)
    return 'asked to stop: it ends once what it has begun is done\n';
  if (standing === 'stopping') return 'asked to stop: it ends once what was read is sent and logged\n';
  if (standing === 'paused') return `paused: rtn runs resume ${id} goes on\n`;
  if (standing === 'running' || standing === 'finished') return '';
  if (record.control.isStopped)
    return `stopped by rtn runs stop: rtn runs resume ${id}, then the same command\n`;
  if (counts.held > 0) return `messages are held: rtn retry ${id} --in-doubt decides\n`;
  return open.length > 0
    ? 'the same command goes on, and does with what is in doubt as the operation says (policy.in_doubt)\n'
    : 'the same command goes on\n';
}

function factLines(
  { operation, version, digest, plan, startedAt, endedAt, control }: RunRecord,
  tally: RunTally,
): Lines {
  const unit = plan.task === undefined ? 'results' : shownText(tally.work?.unit ?? 'units', 40);
  const took = `${duration(tally.activeMs / 1_000)} at work, ${count(Math.round(tally.perSecond))} ${unit} a second`;
  return [
    ['operation', shownText(`${operation}@${version}`), `digest ${shownText(digest, 12)}`],
    ['layer', shownText(plan.layer), `runner ${shownText(plan.runner)}`],
    ['begun', secondOf(startedAt), endedAt === null ? 'not ended' : `ended ${secondOf(endedAt)}`],
    ...(tally.work === undefined ? [] : [['done', workText(tally.work)]]),
    ['rate', took, control.rate === null ? '' : `set to ${control.rate} requests a second`],
  ];
}

function planLines({ runId, rootId, plan }: RunRecord): Lines {
  const { input, inputIdentity, log, selection, shards, retry, task } = plan;
  if (task !== undefined)
    return Object.entries({ ...task.inputs, ...task.outputs }).map(([name, location]) => [
      shownText(name, 80),
      shownText(location),
    ]);
  return [
    ['input', shownText(input), inputIdentity === null ? 'a stream' : shownText(inputIdentity, 100)],
    ['log', shownText(log ?? 'not recorded')],
    ...(selection === null ? [] : [['part', shownText(selection)]]),
    ...(shards === 1 ? [] : [['shards', String(shards)]]),
    ...(retry === null ? [] : [['repeats', shownText(retry.what), `of ${shownText(retry.of, 200)}`]]),
    ...(rootId === runId ? [] : [['root', shownText(rootId, 200)]]),
  ];
}

function startLines(starts: readonly StartRecord[]): Lines {
  const shown = starts.slice(-MOST_STARTS);
  const hasShards = shown.some(({ shard }) => shard > 0);
  const lines = shown.map((start): string[] => {
    const { shard, token, startedAt, endedAt, counts, exitCode, error, state } = start;
    const tally = tallyOf([start], Date.now());
    return [
      `#${token}${hasShards ? ` shard ${shard}` : ''}`,
      secondOf(startedAt),
      endedAt === null ? '-' : secondOf(endedAt),
      state,
      exitCode === null ? '-' : `exit ${exitCode}`,
      tally.work !== undefined
        ? workText(tally.work)
        : counts === null
          ? '-'
          : `${count(tally.results)} results`,
      shownText(startHolder(start), 100),
      error === null ? '' : shownText(error, 200),
    ];
  });
  const left = starts.length - shown.length;
  return left > 0 ? [[`${left} earlier ones: --json`], ...lines] : lines;
}

function outcomeLines({ counts, results }: RunTally): Lines {
  const told: [string, number][] = [
    ...Object.entries(counts.logged).filter(([outcome, number]) => number > 0 || outcome === 'sent'),
    ['recovered', counts.recovered],
    ['held', counts.held],
    ['spilled', counts.spilled],
    ['lost', counts.lost],
    ['to suppress', counts.suppressed],
    ['requests', counts.attempts],
    ['repeats', counts.retries],
    ['throttled', counts.throttled],
  ];
  return told
    .filter(([name, number]) => number > 0 || name === 'sent')
    .map(([name, number]) => [
      name,
      count(number),
      name in counts.logged && results > 0 ? `${((100 * number) / results).toFixed(1)}%` : '',
    ]);
}

function unsentLines({ unsent }: RunReport): Lines {
  return unsent.map(({ reason, count: number, positions }) => [
    shownText(reason, 80),
    count(number),
    `positions ${positions.join(', ')}${number > positions.length ? ', …' : ''}`,
  ]);
}

/** The log may have fewer rows than the ledger knows of: pg2yt moves them away, and so does a purge. */
function errorLines({ errors, starts }: RunReport): Lines {
  if (errors.rows === null) return [[shownText(errors.problem ?? 'the log was not asked')]];
  const { results, counts } = tallyOf(starts, Date.now());
  const gone = results + counts.recovered - errors.rows;
  const lines = errors.groups.map(({ outcome, errorCode, count: number, errorText, messageIds }) => [
    shownText(outcome),
    shownText(errorCode ?? '-', 60),
    count(number),
    messageIds.map((id) => shownText(id, 60)).join(', '),
    shownText(errorText ?? '', 120),
  ]);
  return gone > 0 ? [...lines, [`${count(gone)} rows are in the log no more: moved away or purged`]] : lines;
}

function openLines({ open }: RunReport): Lines {
  return open.map(({ shard, positions }) => {
    const ranges = rangesOf(positions);
    const texts = ranges
      .slice(0, MOST_RANGES)
      .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
    const more = ranges.length > MOST_RANGES ? ', … (--json has all)' : '';
    return [
      open.length > 1 || shard > 0 ? `shard ${shard}` : 'messages',
      count(positions.length),
      `positions ${texts.join(', ')}${more}`,
    ];
  });
}

function valueText(value: unknown): string {
  return shownText(typeof value === 'string' ? value : JSON.stringify(value), 200);
}
