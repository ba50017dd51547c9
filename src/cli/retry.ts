import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { oneLine, RtnError } from '../error.js';
import { workTree } from '../git/worktree.js';
import type { KnownRun, RunStore } from '../loggers/run-store.js';
import type { RunRecord } from '../pipeline/ledger.js';
import { type RunStanding, standingOf, tallyOf } from '../pipeline/run-tally.js';
import { isMap } from '../registry/jsonSchema.js';
import { loadRegistry } from '../registry/registry.js';
import { runOperation } from './run.js';
import { type PlaceOptions, theRun, withLog, withStore } from './run-place.js';
import { rootOf, type Session, withRoot } from './session.js';

interface RetryOptions extends PlaceOptions {
  readonly root?: string;
  readonly failed?: boolean;
  readonly inDoubt?: boolean;
  readonly class?: string;
}

/** More repeats of one run than anybody makes. */
const MOST_RELATIVES = 10_000;

/** How a run stands whose processes may still send. */
const AT_WORK: ReadonlySet<RunStanding> = new Set(['running', 'paused', 'stopping']);

/** `rtn retry`: a linked run that sends again what of a run did not get through, and nothing that did. */
export function register(command: Command, session: Session): void {
  withRoot(withLog(command))
    .argument('<id>', 'the run, or one that repeats a part of it')
    .argument('[flags...]', 'behind --: further flags of the runner, such as --concurrency 4 or --dry-run')
    .option('--failed', 'what failed after all attempts')
    .option('--in-doubt', 'what may have been sent when a runner died, under the same idempotency keys')
    .option('--class <class>', 'what had this class of last answer: throttled, retry, rejected, …')
    .addHelpText(
      'after',
      '\nThe linked run is ID~1, ID~2, …; an unfinished one of the same kind goes on. The exit code is that of the runner.\n\nExamples:\n  rtn retry driver_push-3f2a9c01d7e4 --failed\n  rtn retry driver_push-3f2a9c01d7e4 --in-doubt -- --dry-run',
    )
    .action((id: string, flags: string[], options: RetryOptions) => retry(id, flags, options, session));
}

async function retry(
  id: string,
  further: readonly string[],
  options: RetryOptions,
  session: Session,
): Promise<void> {
  const what = whatOf(id, options);
  const [record, runId] = await withStore(options, session, async (store) => {
    const { record: asked } = await theRun(store, id);
    const family = await familyOf(store, asked);
    return [family[0]?.record ?? asked, linkedId(family, asked.rootId, what)] as const;
  });
  if (record.plan.task !== undefined)
    throw new RtnError('usage', `'${oneLine(id, 200)}' is the run of a task, which sends nothing`, {
      next: 'start the same command again: a task knows what is left to do',
    });
  if (record.plan.inputIdentity === null)
    throw new RtnError('configuration', `the rows of the stream that '${oneLine(id, 200)}' read are gone`, {
      next: 'rtn push sends what a service has left in its replay file',
    });
  const folder = mkdtempSync(join(tmpdir(), 'rtn-retry-'));
  try {
    const params = join(folder, 'params.json');
    writeFileSync(params, JSON.stringify(record.plan.params), { mode: 0o600 });
    const flags = [
      ...(await locationFlags(record, options, session)),
      ...['--params', params, '--run-id', runId, '--retry-of', record.rootId, '--retry', what],
    ];
    const { operation, version, plan } = record;
    await runOperation(
      `${operation}@${version}`,
      [...flags, ...further],
      { ...(options.root !== undefined && { root: options.root }), runner: plan.runner, draft: true },
      session,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function whatOf(id: string, { failed, inDoubt, class: answerClass }: RetryOptions): string {
  const asked = [failed && 'failed', inDoubt && 'in-doubt', answerClass].filter(
    (what) => typeof what === 'string',
  );
  const [only] = asked;
  if (only === undefined || asked.length > 1)
    throw new RtnError('usage', 'which messages? give one of --failed, --in-doubt, --class CLASS', {
      next: `rtn runs show ${oneLine(id, 200)} tells what there is`,
    });
  if (!/^[a-z-]{1,40}$/.test(only))
    throw new RtnError('usage', `--class: got '${oneLine(only, 80)}', expected a class such as throttled`, {
      next: `rtn runs show ${oneLine(id, 200)} tells what there is`,
    });
  return only;
}

/** The run and all that repeat parts of it, the root first. Throws while one of them runs: it may be sending just that. */
async function familyOf(store: RunStore, asked: RunRecord): Promise<readonly KnownRun[]> {
  const runs = await store.list({ operation: asked.operation, limit: MOST_RELATIVES });
  const family = runs
    .filter(({ record }) => record.rootId === asked.rootId)
    .sort((a, b) => order(a.record) - order(b.record));
  const busy = family.find(({ record, starts }) =>
    AT_WORK.has(standingOf(record, tallyOf(starts, Date.now()))),
  );
  if (busy === undefined) return family;
  const id = oneLine(busy.record.runId, 200);
  throw new RtnError('temporary', `the run '${id}' is under way: what it sends is not known yet`, {
    next: `wait for its end, or rtn runs stop ${id}`,
  });
}

/** The id of the repeat to start: of one that did not finish, else a new one. */
function linkedId(family: readonly KnownRun[], rootId: string, what: string): string {
  const open = family.find(
    ({ record: { state, plan } }) => state !== 'finished' && plan.retry?.what === what,
  );
  return open?.record.runId ?? `${rootId}~${Math.max(0, ...family.map(({ record }) => order(record))) + 1}`;
}

/** 0 for a root, the number behind `~` for what repeats it. */
function order({ runId, rootId }: RunRecord): number {
  return runId === rootId ? 0 : Number(runId.slice(rootId.length + 1)) || 0;
}

/** The locations that the run had, as flags of its runner: the operation says how its inputs and outputs are called. */
async function locationFlags(
  { operation, version, plan }: RunRecord,
  options: RetryOptions,
  session: Session,
): Promise<string[]> {
  const registry = loadRegistry(workTree(rootOf(options, session)), await session.components());
  const document = registry
    .all('operation')
    .find((each) => each.name === operation && each.version === version)?.document;
  if (document === undefined)
    throw new RtnError(
      'configuration',
      `the registry here has no ${operation} ${version}, which the run was of`,
      {
        next: 'start it where the operation is, or with --root DIR',
      },
    );
  const inputs = isMap(document.inputs) ? Object.keys(document.inputs) : [];
  const outputs = isMap(document.outputs) ? Object.entries(document.outputs) : [];
  const logs = outputs
    .filter(([, output]) => isMap(output) && output.type === 'send-log')
    .map(([name]) => name);
  const flag = (name: string) => `--${name.replaceAll('_', '-')}`;
  return [
    ...inputs.slice(0, 1).flatMap((name) => [flag(name), plan.input]),
    ...logs.slice(0, 1).flatMap((name) => [flag(name), plan.log]),
  ];
}
