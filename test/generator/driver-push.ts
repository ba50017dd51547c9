import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ComponentSpec, ConfigField } from '../../src/component.js';
import type { RunnerTemplate } from '../../src/generator/layout.js';
import type { RunnerRequest } from '../../src/generator/runner.js';

const ROOT = join(import.meta.dirname, '..', '..');
const STAGES = ['reader', 'sender', 'logger'];
const SOURCE_PATH = 'operations/driver_push/1.4.10.yaml';

const field = (extra: Partial<ConfigField> = {}): ConfigField => ({
  description: 'a field',
  schema: {},
  ...extra,
});

/** Specs in the shape of the real ones, held here so that golden files change only with the generator. */
export const SPECS: readonly ComponentSpec[] = [
  { kind: 'reader', key: 'table', construct: 'table', description: '', binds: [{ to: 'input' }], fields: {} },
  {
    kind: 'reader',
    key: 'zmq',
    construct: 'zmq',
    description: '',
    binds: [{ to: 'input' }],
    fields: { endpoint: field({ isRequired: true }) },
  },
  {
    kind: 'sender',
    key: 'async',
    construct: 'asyncSender',
    description: '',
    fields: {
      concurrency: field(),
      rate_limit: field(),
      max_attempts: field(),
      backoff: field({ isDuration: true }),
      channel: field({ component: 'channel', isRequired: true }),
    },
  },
  {
    kind: 'sender',
    key: 'batch',
    construct: 'batchSender',
    description: '',
    isBatch: true,
    fields: {
      max_items: field(),
      max_bytes: field(),
      linger: field({ isDuration: true }),
      max_attempts: field(),
      channel: field({ component: 'channel', isRequired: true }),
    },
  },
  {
    kind: 'channel',
    key: 'http',
    construct: 'httpChannel',
    description: '',
    fields: {
      method: field(),
      url: field({ perRow: true, encoding: 'url', isRequired: true }),
      headers: field({ perRow: true }),
      body: field({ perRow: true, each: true }),
      results: field({ batchOnly: true }),
      idempotency_key: field(),
      timeout: field({ isDuration: true }),
      provider_id: field(),
      error_code: field(),
      outcomes: field({ isRequired: true }),
    },
  },
  { kind: 'logger', key: 'log', construct: 'log', description: '', binds: [{ to: 'output' }], fields: {} },
  {
    kind: 'task',
    key: 'pg2yt',
    construct: 'pg2yt',
    description: '',
    binds: [{ to: 'input' }, { to: 'output' }],
    fields: { batch_rows: field(), delete_batch_rows: field() },
  },
];

/** The request that generates a runner of coupons_activate, whose requests carry batches. */
export function couponsActivate(change: (document: OperationDocument) => void = () => {}): RunnerRequest {
  const sourcePath = 'operations/coupons_activate/1.4.4.yaml';
  const document = parse(readFileSync(join(ROOT, sourcePath), 'utf8'));
  change(document);
  return {
    ...driverPush('one-shot'),
    operation: document,
    layer: 'taxi-crm-push@1.4.4',
    sourcePath,
  };
}

/** driver_push with a choice between two providers. */
export function driverPushOfTwo(): RunnerRequest {
  return driverPush('one-shot', (document) => {
    const { channel, ...sender } = document.runners['one-shot'].sender;
    document.params.provider = { type: 'string', enum: ['http', 'backup'], default: 'http' };
    document.secrets.BACKUP_TOKEN = { description: 'Bearer token of the other service.' };
    const backup = { ...channel, headers: { authorization: 'Bearer ${secrets.BACKUP_TOKEN}' } };
    document.runners['one-shot'].sender = {
      ...sender,
      channel: { select: '${params.provider}', http: channel, backup },
    };
  });
}

/** The request that generates the runner of a task. */
export function pg2yt(change: (document: OperationDocument) => void = () => {}): RunnerRequest {
  const sourcePath = 'operations/pg2yt/1.4.1.yaml';
  const document = parse(readFileSync(join(ROOT, sourcePath), 'utf8'));
  change(document);
  return {
    ...driverPush('one-shot'),
    operation: document,
    template: template('task'),
    layer: 'taxi-crm-push@1.4.1',
    sourcePath,
  };
}

/** A template of our own registry. */
export function template(name: string): RunnerTemplate {
  const text = readFileSync(join(ROOT, 'templates', name, '1.0.0.mjs.hbs'), 'utf8');
  return { name, version: '1.0.0', text, stages: name === 'task' ? ['task'] : STAGES, partials: {} };
}

/** A template that is made of partials, one of which includes another and has an empty line. */
export function templateOfPartials(): RunnerTemplate {
  const of = (name: string, partials: Readonly<Record<string, RunnerTemplate>> = {}): RunnerTemplate => {
    const text = readFileSync(join(import.meta.dirname, 'templates', `${name}.mjs.hbs`), 'utf8');
    return { name, version: '1.0.0', text, stages: name === 'composed' ? STAGES : [], partials };
  };
  return of('composed', { head: of('head'), wiring: of('wiring', { ends: of('ends') }) });
}

/** The request that generates a runner of driver_push; `change` may edit the document first. */
export function driverPush(
  runnerName = 'one-shot',
  change: (document: OperationDocument) => void = () => {},
): RunnerRequest {
  const document = parse(readFileSync(join(ROOT, SOURCE_PATH), 'utf8'));
  change(document);
  return {
    operation: document,
    operationDigest: '3f2a9c1b'.repeat(8),
    runnerName,
    template: template(runnerName),
    layer: 'taxi-crm-push@1.4.10',
    sourcePath: SOURCE_PATH,
    components: SPECS,
    importOf: (module) => `./${module}`,
  };
}

/** The document of driver_push, as far as tests edit it. */
// biome-ignore lint/suspicious/noExplicitAny: tests put wrong values into it on purpose
export type OperationDocument = Record<string, any>;
