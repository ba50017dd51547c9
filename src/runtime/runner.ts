import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.js';
import type { EnvironmentVariable } from '../component.js';
import { COMPONENTS } from '../components.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { SpillFile } from '../loggers/spill.js';
import { count, Progress, type ProgressStyle } from '../observe/progress.js';
import type { Run } from '../pipeline/contract.js';
import { type Counts, loggedTotal, newCounts } from '../pipeline/counts.js';
import { Ending } from '../pipeline/ending.js';
import { runPipeline } from '../pipeline/pipeline.js';
import { Selection, type SelectionOptions } from '../pipeline/selection.js';
import { bindInputs, bindOutputs, logLocation, theInput } from './bind.js';
import { type CommandLine, locatedInputs, parseCommandLine } from './command-line.js';
import { confirm, terminalAsk } from './confirm.js';
import type { RunnerDefinition } from './definition.js';
import { dryRunSummary, dryRunText } from './dry-run.js';
import { helpText } from './help.js';
import type { RunOptions } from './options.js';
import { Rehearsal } from './rehearsal.js';
import { type RunReport, reportText, writeSummary } from './report.js';
import { handleSignals } from './signals.js';

/**
 * Runs a generated runner as this process: reads the command line, assembles the pipeline, runs it to one of its
 * endings, prints the numbers and exits with a code of the table in exit.ts. The only export of the package that owns
 * a process.
 */
export async function runner(definition: RunnerDefinition): Promise<void> {
  process.exitCode = await main(definition).catch((thrown: unknown) => {
    const error = toRtnError(thrown);
    process.stderr.write(errorText(error));
    return runnerExit(error.code);
  });
}

async function main(definition: RunnerDefinition): Promise<number> {
  const command = parseCommandLine(definition, process.argv.slice(2), process.env);
  if (command.kind === 'help') {
    process.stdout.write(
      helpText(definition, {
        width: process.stdout.columns ?? 100,
        environment: environmentOf(definition),
      }),
    );
    return RUNNER_EXIT.ok;
  }
  if (command.kind === 'version') {
    const { name, version, digest } = definition.operation;
    process.stdout.write(`${name} ${version} (digest ${digest.slice(0, 8)})\n`);
    return RUNNER_EXIT.ok;
  }
  return run(definition, command);
}

async function run(
  definition: RunnerDefinition,
  command: Extract<CommandLine, { kind: 'run' }>,
): Promise<number> {
  const { operation, policy } = definition;
  const { options } = command;
  const assembled = definition.pipeline({
    inputs: bindInputs(definition, command.inputs),
    outputs: bindOutputs(definition, command.outputs),
    params: command.params,
    secrets: command.secrets,
  });
  const [inputName, input] = theInput(definition);
  if (assembled.reader.isEndless) refuseParts(options, operation.name);
  const selection =
    options.selection === undefined ? undefined : new Selection(input, operation.name, options.selection);
  const rehearsal = options.isDryRun
    ? new Rehearsal(assembled.sender.outline, input.row, command.secrets)
    : undefined;
  const pipeline =
    rehearsal === undefined
      ? assembled
      : { reader: assembled.reader, sender: rehearsal.sender(), logger: rehearsal.logger() };
  const ending = new Ending();
  const counts = newCounts();
  let progress: Progress | undefined;
  const tell = (message: string) => {
    if (progress === undefined) process.stderr.write(`${oneLine(message)}\n`);
    else progress.print(oneLine(message));
  };
  const run: Run = {
    id: options.runId ?? newRunId(operation.name),
    operation: operation.name,
    version: operation.version,
    digest: operation.digest,
    shard: 0,
    clock: systemClock,
    environment: process.env,
    stateDir: options.stateDir ?? join(tmpdir(), 'realtime-notifications'),
    warn: (message) => tell(`warning: ${message}`),
  };
  const spillFile = new SpillFile(run, logLocation(definition, command.outputs));
  const label = `${operation.name} ${operation.version}`;
  const release = handleSignals(ending, tell, () => standing(counts));
  const startedMs = run.clock.monotonic();
  const exitCode = await runPipeline(pipeline, run, {
    input,
    plan: {
      layer: operation.layer,
      runner: operation.runner,
      input: command.inputs[inputName] ?? '',
      params: command.params,
    },
    ending,
    counts,
    drainTimeoutMs: policy.drainTimeoutMs,
    thresholds: rehearsal === undefined ? policy : undefined,
    notAfterMs: rehearsal === undefined ? options.notAfterMs : undefined,
    selection,
    spill: (results) => spillFile.append(results),
    confirm: () =>
      confirm({
        what: label,
        expected: selection === undefined ? pipeline.reader.total : selection.expected(pipeline.reader.total),
        input: command.inputs[inputName] ?? '',
        log: pipeline.logger.address,
        isConfirmed: options.isConfirmed || rehearsal !== undefined,
        ask: terminalAsk(ending.endSignal),
      }),
    started() {
      progress = new Progress(counts, {
        clock: run.clock,
        style: progressStyle(options),
        label,
        total: totalToPass(pipeline.reader.total, options.selection),
        isDryRun: rehearsal !== undefined,
        stream: process.stderr,
      });
      progress.start();
    },
  });
  progress?.stop();
  release();
  const report: RunReport = {
    runId: run.id,
    operation: operation.name,
    version: operation.version,
    runner: operation.runner,
    log: pipeline.logger.address,
    exitCode,
    durationMs: Math.round(run.clock.monotonic() - startedMs),
    counts,
    ending,
    spillFile: counts.spilled > 0 ? spillFile.path : undefined,
    notFound: selection?.missing ?? [],
  };
  const { outline } = assembled.sender;
  const found = rehearsal && dryRunSummary(counts, rehearsal, outline);
  if (!(options.quiet && exitCode === RUNNER_EXIT.ok)) {
    if (rehearsal !== undefined && found !== undefined)
      process.stdout.write(dryRunText(report, found, { outline, policy, canPreview: rehearsal.canPreview }));
    else process.stderr.write(reportText(report));
  }
  if (options.summary !== undefined) await writeSummary(options.summary, report, found);
  return exitCode;
}

/** A stream has no parts and nothing to rehearse: what is taken off it and passed over is gone. */
function refuseParts({ isDryRun, selection }: RunOptions, operation: string): void {
  const flag = isDryRun ? '--dry-run' : selection === undefined ? undefined : '--limit, --sample or --only';
  if (flag === undefined) return;
  throw new RtnError(
    'usage',
    `${operation}: a stream cannot be read with ${flag}: the messages that are not sent would be gone`,
  );
}

/** Where a run stands when it is left at once. */
function standing({ read, inFlight, ...counts }: Counts): string {
  const logged = loggedTotal({ read, inFlight, ...counts });
  return `${count(read)} rows read, ${count(logged)} results logged, ${count(inFlight)} requests in flight; what is not logged may have been sent`;
}

/** Rows that will have come by when the run is done, as far as known. */
function totalToPass(total: number | undefined, selection: SelectionOptions | undefined): number | undefined {
  const { limit, sample, only } = selection ?? {};
  if (total === undefined || limit === undefined) return total;
  return sample === undefined && only === undefined ? Math.min(total, limit) : undefined;
}

/** What the components read from the environment; those of tables only where an input has a location. */
function environmentOf(definition: RunnerDefinition): EnvironmentVariable[] {
  const readsTables = locatedInputs(definition).size > 0;
  return COMPONENTS.filter(({ kind }) => kind !== 'reader' || readsTables).flatMap(
    ({ environment = [] }) => environment,
  );
}

function newRunId(operation: string): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${operation}-${time}-${randomBytes(3).toString('hex')}`;
}

function progressStyle({
  quiet,
  jsonProgress,
}: {
  readonly quiet: boolean;
  readonly jsonProgress: boolean;
}): ProgressStyle {
  if (jsonProgress) return 'json';
  if (quiet) return 'none';
  return process.stderr.isTTY ? 'terminal' : 'lines';
}

function errorText(error: RtnError): string {
  const next = error.next === undefined ? '' : `next: ${oneLine(error.next)}\n`;
  const bug =
    error.code === 'internal'
      ? `${error.cause instanceof Error ? error.cause.stack : error.stack}\nThis is our bug; please report it with the lines above.\n`
      : '';
  return `error: ${error.message}\n${next}${bug}`;
}
