import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.js';
import type { EnvironmentVariable } from '../component.js';
import { COMPONENTS } from '../components.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { SpillFile } from '../loggers/spill.js';
import { Progress, type ProgressStyle } from '../observe/progress.js';
import type { BoundInput, BoundOutput } from '../pipeline/binding.js';
import type { Run } from '../pipeline/contract.js';
import { newCounts } from '../pipeline/counts.js';
import { Ending } from '../pipeline/ending.js';
import { parseLocation } from '../pipeline/location.js';
import { runPipeline } from '../pipeline/pipeline.js';
import { type CommandLine, locatedInputs, parseCommandLine } from './command-line.js';
import type { RunnerDefinition } from './definition.js';
import { helpText } from './help.js';
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
  const { operation } = definition;
  const { options } = command;
  const pipeline = definition.pipeline({
    inputs: bindInputs(definition, command.inputs),
    outputs: bindOutputs(definition, command.outputs),
    params: command.params,
    secrets: command.secrets,
  });
  const [inputName, input] = theInput(definition);
  const tell = (message: string) => process.stderr.write(`${oneLine(message)}\n`);
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
  const ending = new Ending();
  const counts = newCounts();
  const spillFile = new SpillFile(run);
  const release = handleSignals(ending, tell);
  const startedMs = run.clock.monotonic();
  let progress: Progress | undefined;
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
    drainTimeoutMs: definition.policy.drainTimeoutMs,
    spill: (results) => spillFile.append(results),
    started() {
      const style = progressStyle(options);
      const write = (text: string) => void process.stderr.write(text);
      progress = new Progress(counts, {
        clock: run.clock,
        style,
        label: `${operation.name} ${operation.version}`,
        total: pipeline.reader.total,
        write,
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
  };
  if (!(options.quiet && exitCode === RUNNER_EXIT.ok)) process.stderr.write(reportText(report));
  if (options.summary !== undefined) await writeSummary(options.summary, report);
  return exitCode;
}

/** What the components read from the environment, each once; those of tables only where an input has a location. */
function environmentOf(definition: RunnerDefinition): EnvironmentVariable[] {
  const readsTables = locatedInputs(definition).size > 0;
  const components = COMPONENTS.filter(({ kind }) => kind !== 'reader' || readsTables);
  return [...new Set(components.flatMap(({ environment = [] }) => environment))];
}

function bindInputs(
  definition: RunnerDefinition,
  locations: Readonly<Record<string, string>>,
): Record<string, BoundInput> {
  const bound = Object.entries(definition.inputs).map(([name, input]): [string, BoundInput] => {
    const text = locations[name];
    return [name, { ...input, name, location: text === undefined ? undefined : parseLocation(text) }];
  });
  return Object.fromEntries(bound);
}

function bindOutputs(
  definition: RunnerDefinition,
  locations: Readonly<Record<string, string>>,
): Record<string, BoundOutput> {
  const bound = Object.entries(definition.outputs).map(([name, output]): [string, BoundOutput] => {
    return [name, { ...output, name, location: parseLocation(locations[name] ?? '') }];
  });
  return Object.fromEntries(bound);
}

/** The input whose rows are the messages. */
function theInput({ inputs, operation }: RunnerDefinition): [string, RunnerDefinition['inputs'][string]] {
  const [first, ...others] = Object.entries(inputs);
  if (first === undefined || others.length > 0) {
    throw new RtnError(
      'configuration',
      `${operation.name} must have one input, it has ${Object.keys(inputs).length}`,
    );
  }
  return first;
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
