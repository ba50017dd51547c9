import { systemClock } from '../clock.js';
import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { SpillFile } from '../loggers/spill.js';
import { spilledResults } from '../loggers/spilled.js';
import { Display } from '../observe/display.js';
import { count, Progress } from '../observe/progress.js';
import type { Begun, KeepOptions } from '../pipeline/begin.js';
import type { InputDefinition } from '../pipeline/binding.js';
import type { Pipeline, PipelineQueues, Run } from '../pipeline/contract.js';
import { loggedTotal, newCounts } from '../pipeline/counts.js';
import { Ending } from '../pipeline/ending.js';
import { LiveControl } from '../pipeline/live-control.js';
import { Outstanding } from '../pipeline/outstanding.js';
import { runPipeline } from '../pipeline/pipeline.js';
import { Selection, selectionText } from '../pipeline/selection.js';
import { ReplayFile } from '../readers/replay-file.js';
import { bindInputs, bindOutputs, logLocation, theInput } from './bind.js';
import type { CommandLine } from './command-line.js';
import { confirm, terminalAsk } from './confirm.js';
import type { PipelineRunner } from './definition.js';
import { dryRunSummary, dryRunText } from './dry-run.js';
import { progressStyle } from './options.js';
import { inDoubtOf, planOf, refuseParts, stateDir, totalToPass } from './plan.js';
import { Rehearsal } from './rehearsal.js';
import { Renewal } from './renewal.js';
import { begunText, type RunReport, reportText, writeSummary } from './report.js';
import { identifyRun, type RunIdentity } from './run-identity.js';
import { handleSignals } from './signals.js';
import type { Watch } from './watch.js';

type RunCommand = Extract<CommandLine, { kind: 'run' }>;

/**
 * One start of a runner: what the command line asks for, as a pipeline of the operation's stages (or of a rehearsal's),
 * with signals, progress and the last lines around it. `run` is called once and gives the exit code.
 */
export class Launch {
  readonly #definition: PipelineRunner;
  readonly #command: RunCommand;
  readonly #assembled: Pipeline;
  /** Set in a dry run: stands in for sender and logger. */
  readonly #rehearsal: Rehearsal | undefined;
  readonly #pipeline: Pipeline;
  readonly #identity: RunIdentity;
  readonly #live: LiveControl;
  /** Set once this process has the run. */
  #begun: Begun | undefined;
  readonly #input: InputDefinition;
  readonly #inputLocation: string;
  readonly #selection: Selection | undefined;
  readonly #renewal: Renewal;
  readonly #ending = new Ending();
  readonly #counts = newCounts();
  readonly #run: Run;
  readonly #spillFile: SpillFile;
  readonly #outstanding = new Outstanding();
  #watch: Watch | undefined;
  readonly #replayFile: ReplayFile;
  #pushEndpoint: string | undefined;
  #display: Display | undefined;
  #startedMs: number;

  /** Assembles the operation's stages and finds out which run this is; opens nothing but what tells that. */
  static async prepare(definition: PipelineRunner, command: RunCommand): Promise<Launch> {
    const { options, inputs, outputs, params, secrets } = command;
    const { name: operation } = definition.operation;
    const context = {
      inputs: bindInputs(definition, inputs),
      outputs: bindOutputs(definition, outputs),
      params,
      secrets,
    };
    const assembled = definition.pipeline(context);
    if (assembled.reader.isEndless) refuseParts(options, operation);
    const identity = await identifyRun(
      assembled.reader,
      {
        operation,
        clock: systemClock,
        environment: process.env,
        stateDir: stateDir(options),
        warn: (message) => process.stderr.write(`warning: ${oneLine(message)}\n`),
      },
      options,
    );
    const renewal = new Renewal(definition, context, process.env);
    return new Launch(definition, command, assembled, renewal, identity);
  }

  private constructor(
    definition: PipelineRunner,
    command: RunCommand,
    assembled: Pipeline,
    renewal: Renewal,
    identity: RunIdentity,
  ) {
    const { options, inputs, params, secrets } = command;
    const { name: operation, version, digest } = definition.operation;
    this.#definition = definition;
    this.#command = command;
    this.#assembled = assembled;
    this.#renewal = renewal;
    this.#identity = identity;
    this.#live = new LiveControl(options.shard.of);
    const { reader, sender } = assembled;
    const [inputName, input] = theInput(definition);
    this.#input = input;
    this.#inputLocation = inputs[inputName] ?? '';
    this.#rehearsal = options.isDryRun
      ? new Rehearsal(sender.outline, input.row, secrets, params)
      : undefined;
    this.#pipeline =
      this.#rehearsal === undefined
        ? assembled
        : { reader, sender: this.#rehearsal.sender(), logger: this.#rehearsal.logger() };
    this.#selection = options.selection && new Selection(input, operation, options.selection);
    this.#run = {
      id: identity.id,
      rootId: options.retry?.of ?? identity.id,
      // What failed goes under a new key: a provider may answer a known one with the old failure.
      keyId: options.retry?.what === 'in-doubt' ? options.retry.of : identity.id,
      operation,
      version,
      digest,
      shard: options.shard.index,
      shards: options.shard.of,
      selection: options.selection === undefined ? null : selectionText(options.selection),
      clock: systemClock,
      environment: process.env,
      stateDir: stateDir(options),
      ...(options.health && { watch: (sending) => this.#watch?.sees(sending) }),
      renewed: () => this.#renewal.channel(),
      warn: (message) => this.#tell(`warning: ${message}`),
    };
    this.#spillFile = new SpillFile(this.#run, logLocation(definition, command.outputs));
    this.#replayFile = new ReplayFile(this.#run);
    this.#startedMs = this.#run.clock.monotonic();
  }

  async run(): Promise<number> {
    const { policy } = this.#definition;
    const { options } = this.#command;
    const isDryRun = this.#rehearsal !== undefined;
    const release = handleSignals({
      end: (signal) => this.#ending.end(signal),
      effect: 'reading stops; what was read is sent and logged',
      tell: (message) => this.#tell(message),
      standing: () => this.#standing(),
    });
    this.#watch = await this.#openWatch();
    const exitCode = await runPipeline(this.#pipeline, this.#run, {
      input: this.#input,
      keep: this.#keep(),
      ending: this.#ending,
      counts: this.#counts,
      drainTimeoutMs: policy.drainTimeoutMs,
      // A dry run reads to the end, whatever it finds, and whenever it is.
      thresholds: isDryRun ? undefined : policy,
      notAfterMs: isDryRun ? undefined : options.notAfterMs,
      selection: this.#selection,
      secretNames: this.#renewal.secretNames,
      spill: (results) => this.#spillFile.append(results),
      spilled: () => spilledResults(this.#spillFile.path),
      ...((this.#pipeline.reader.isEndless || this.#watch !== undefined) && {
        outstanding: this.#outstanding,
      }),
      ...(this.#pipeline.reader.isEndless && { keepRows: (records) => this.#replayFile.append(records) }),
      ...(this.#watch && { logged: this.#watch.metrics.note }),
      ...(!isDryRun && { confirm: () => this.#confirm() }),
      started: (queues) => this.#started(queues),
    });
    this.#display?.stop();
    await this.#watch?.close();
    release(exitCode);
    await this.#tellEnd(exitCode);
    return exitCode;
  }

  get #label(): string {
    const { name, version } = this.#definition.operation;
    return `${name} ${version}`;
  }

  #tell(message: string): void {
    const line = oneLine(message);
    if (this.#display === undefined) process.stderr.write(`${line}\n`);
    else this.#display.print(line);
  }

  /** Where the run stands when it is left at once. */
  #standing(): string {
    const { read, inFlight } = this.#counts;
    return `${count(read)} rows read, ${count(loggedTotal(this.#counts))} results logged, ${count(inFlight)} requests in flight; what is not logged may have been sent`;
  }

  /** How the run stands in the ledger: what must be the same when it is started again, and what may be in doubt. */
  #keep(): KeepOptions {
    const { policy } = this.#definition;
    const { options } = this.#command;
    return {
      plan: planOf(this.#definition, this.#command, {
        input: this.#inputLocation,
        identity: this.#identity,
        run: this.#run,
      }),
      inDoubt: inDoubtOf(this.#definition, this.#assembled.sender.outline),
      inDoubtWindow: policy.inDoubtWindow,
      waitMs: options.waitMs,
      live: this.#live,
      begun: (begun) => {
        this.#begun = begun;
        const text = begunText(begun);
        if (text !== undefined && !options.quiet) this.#tell(text);
      },
    };
  }

  #confirm(): Promise<void> {
    const { total } = this.#pipeline.reader;
    return confirm({
      what: this.#label,
      expected: this.#selection === undefined ? total : this.#selection.expected(total),
      input: this.#inputLocation,
      log: this.#pipeline.logger.address,
      isConfirmed: this.#command.options.isConfirmed,
      ask: terminalAsk(this.#ending.endSignal),
    });
  }

  async #openWatch(): Promise<Watch | undefined> {
    const { health } = this.#command.options;
    if (health === undefined) return undefined;
    const { name: operation, version, runner } = this.#definition.operation;
    const { openWatch } = await import('./watch.js');
    const watch = await openWatch(health, this.#ending, {
      clock: this.#run.clock,
      counts: this.#counts,
      outstanding: this.#outstanding,
      labels: { operation, version, runner },
    });
    if (!this.#command.options.quiet) this.#tell(`health and metrics on ${watch.origin}`);
    return watch;
  }

  #started(queues: PipelineQueues): void {
    this.#watch?.started(queues);
    this.#pushEndpoint = this.#pipeline.reader.pushEndpoint;
    const { options } = this.#command;
    // What a person took to confirm is no part of the run.
    this.#startedMs = this.#run.clock.monotonic();
    const { clock } = this.#run;
    const progress = new Progress(this.#counts, {
      clock,
      label: this.#label,
      total: totalToPass(this.#pipeline.reader.total, options.selection),
      isDryRun: this.#rehearsal !== undefined,
    });
    this.#display = new Display(progress, { clock, style: progressStyle(options), stream: process.stderr });
    this.#display.start();
  }

  async #tellEnd(exitCode: number): Promise<void> {
    const { options } = this.#command;
    const { policy } = this.#definition;
    const { outline } = this.#assembled.sender;
    const report = this.#report(exitCode);
    const found = this.#rehearsal && dryRunSummary(this.#counts, this.#rehearsal, outline);
    const isSilent = options.quiet && exitCode === RUNNER_EXIT.ok;
    if (found !== undefined && !isSilent) {
      const canPreview = this.#rehearsal?.canPreview === true;
      process.stdout.write(dryRunText(report, found, { outline, policy, canPreview }));
    } else if (!isSilent) process.stderr.write(reportText(report));
    if (options.summary !== undefined) await writeSummary(options.summary, report, found);
  }

  #report(exitCode: number): RunReport {
    const { name: operation, version, runner } = this.#definition.operation;
    return {
      runId: this.#run.id,
      operation,
      version,
      runner,
      log: this.#pipeline.logger.address,
      exitCode,
      durationMs: Math.round(this.#run.clock.monotonic() - this.#startedMs),
      counts: this.#counts,
      ending: this.#ending,
      spillFile: this.#counts.spilled > 0 ? this.#spillFile.path : undefined,
      replay:
        this.#replayFile.rows > 0 ? { file: this.#replayFile.path, endpoint: this.#pushEndpoint } : undefined,
      notFound: this.#selection?.missing ?? [],
      begun: this.#begun,
    };
  }
}
