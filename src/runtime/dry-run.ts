import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { count, duration } from '../observe/progress.js';
import type { SenderOutline } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import type { RunnerPolicy } from './definition.js';
import type { Reason, Rehearsal, SampleRequest } from './rehearsal.js';
import type { RunReport } from './report.js';
import { type SmsSummary, smsLine } from './sms-count.js';

/** Times that a provider may take for one request, for an estimate without asking it. */
const LATENCIES_MS = [50, 200, 1_000];

/** Reasons that are told. */
const TOP_REASONS = 5;

/** What a dry run found: the part of `--summary FILE` that only it has. */
export interface DryRunSummary {
  readonly read: number;
  /** Rows that would be sent. */
  readonly valid: number;
  readonly rejected: number;
  readonly left: number;
  readonly notSelected: number;
  readonly reasons: readonly Reason[];
  readonly samples: readonly SampleRequest[];
  readonly requests: number;
  readonly sms?: SmsSummary;
  /** By the rate limit; null where there is none. */
  readonly leastSeconds: number | null;
  /** By the requests in flight, for each time that one may take. */
  readonly estimates: readonly { readonly latencyMs: number; readonly seconds: number }[];
}

export function dryRunSummary(
  counts: Counts,
  rehearsal: Rehearsal,
  outline: SenderOutline | undefined,
): DryRunSummary {
  const { read, left, notSelected, logged } = counts;
  const { concurrency = 1, rateLimit = 0, itemsPerRequest = 1 } = outline ?? {};
  const requests = Math.ceil(logged.sent / itemsPerRequest);
  const leastSeconds = rateLimit > 0 ? requests / rateLimit : null;
  const estimates = LATENCIES_MS.map((latencyMs) => ({
    latencyMs,
    seconds: Math.max(leastSeconds ?? 0, (requests * latencyMs) / 1_000 / concurrency),
  }));
  return {
    read,
    valid: logged.sent,
    rejected: logged.rejected,
    left,
    notSelected,
    reasons: rehearsal.reasons.slice(0, TOP_REASONS),
    samples: rehearsal.samples,
    requests,
    ...(rehearsal.sms && { sms: rehearsal.sms }),
    leastSeconds,
    estimates: outline === undefined ? [] : estimates,
  };
}

/** What a dry run prints. */
export function dryRunText(
  { operation, version, exitCode }: RunReport,
  found: DryRunSummary,
  {
    outline,
    policy,
    canPreview,
  }: { outline: SenderOutline | undefined; policy: RunnerPolicy; canPreview: boolean },
): string {
  const lines = [
    `${operation} ${version}, dry run: ${count(found.read)} rows read, ${count(found.valid)} valid, ${count(found.rejected)} rejected; nothing was sent or logged`,
  ];
  if (found.notSelected > 0) lines.push(`  ${count(found.notSelected)} rows were not selected`);
  for (const { errorCode, errorText, position, count: times } of found.reasons)
    lines.push(
      `  rejected ${count(times)}: ${errorCode}, ${oneLine(errorText)} (first at position ${position})`,
    );
  lines.push(...thresholdLines(found, policy));
  if (!canPreview)
    lines.push(
      `  the channel ${outline?.channel.key ?? 'of this sender'} cannot be previewed: requests were not rendered`,
    );
  for (const { of, lines: shown } of found.samples)
    lines.push(`  sample request (${of})`, ...shown.map((line) => `    ${line}`));
  if (found.sms !== undefined) lines.push(smsLine(found.sms));
  if (exitCode === RUNNER_EXIT.ok && found.valid > 0 && outline !== undefined)
    lines.push(estimateLine(found, outline));
  return `${lines.join('\n')}\n`;
}

function estimateLine({ requests, leastSeconds, estimates }: DryRunSummary, outline: SenderOutline): string {
  const byRate =
    leastSeconds === null
      ? ''
      : `at least ${duration(leastSeconds)} by the rate limit of ${outline.rateLimit}/s; `;
  const byLatency = estimates
    .map(({ latencyMs, seconds }) => `${duration(seconds)} at ${latencyMs} ms a request`)
    .join(', ');
  return `  duration of ${count(requests)} requests: ${byRate}with ${outline.concurrency} in flight ${byLatency}`;
}

function thresholdLines({ read, rejected }: DryRunSummary, { maxRejectedRatio = 1 }: RunnerPolicy): string[] {
  return rejected > maxRejectedRatio * read
    ? [
        `  more are rejected than max_rejected_ratio allows (${maxRejectedRatio}): a run may stop with code ${RUNNER_EXIT.data}`,
      ]
    : [];
}
