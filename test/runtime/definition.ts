import type { RunnerDefinition } from '../../src/runtime/definition.js';

/** A runner with params of every type. Its pipeline is never made. */
export const DEFINITION: RunnerDefinition = {
  operation: {
    name: 'driver_push',
    version: '1.4.10',
    title: 'Push notifications to drivers',
    runner: 'one-shot',
    digest: '3f2a9c1b'.repeat(8),
    layer: 'taxi-crm-push@1.4.10',
  },
  inputs: {
    recipients: { key: 'message_id', row: { type: 'object' }, description: 'One row a notification.' },
  },
  outputs: {
    log: {
      type: 'send-log',
      description: 'One row a message with its outcome.',
      default: 'pg:driver_push_log',
    },
  },
  params: {
    endpoint: { type: 'string', format: 'uri', description: 'Base address of the push service.' },
    concurrency: {
      type: 'integer',
      default: 64,
      minimum: 1,
      maximum: 4096,
      description: 'Most requests in flight at once.',
    },
    rate_limit: {
      type: 'number',
      default: 0,
      minimum: 0,
      description: 'Most requests a second, repeats included; 0 for no limit.',
    },
    provider: { type: 'string', enum: ['http', 'fcm'], default: 'http', description: 'Through whom' },
    dry: { type: 'boolean', default: false, description: 'Sends to nobody.' },
    regions: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'Regions to send to; all when empty.',
    },
    most: { type: ['integer', 'null'], default: null },
  },
  secrets: { PUSH_TOKEN: { description: 'Bearer token of the push service.' } },
  policy: { drainTimeoutMs: 30_000 },
  pipeline() {
    throw new Error('the command line is read before a pipeline is made');
  },
};

/** Environment and flags with which nothing is missing. */
export const SECRETS = { PUSH_TOKEN: 'opaque' };
export const REQUIRED = ['--recipients', 'yt://c/t', '--endpoint', 'https://push.example'];
