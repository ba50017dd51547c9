import type { ComponentSpec } from '../../src/component.js';

/** A small house of components with every kind of field, so that these tests do not move with the real ones. */
export const SPECS: readonly ComponentSpec[] = [
  {
    kind: 'reader',
    key: 'table',
    construct: 'table',
    description: 'Reads a table.',
    binds: [{ to: 'input' }],
    fields: {},
  },
  {
    kind: 'reader',
    key: 'zmq',
    construct: 'zmq',
    description: 'Receives rows.',
    binds: [{ to: 'input' }],
    fields: { endpoint: { description: 'Where it listens.', schema: { type: 'string' }, isRequired: true } },
  },
  {
    kind: 'sender',
    key: 'async',
    construct: 'asyncSender',
    description: 'Many at once.',
    fields: {
      concurrency: {
        description: 'At once.',
        schema: { type: 'integer', minimum: 1, default: 64 },
        tuning: true,
      },
      rate_limit: { description: 'A second.', schema: { type: 'number', minimum: 0 }, tuning: true },
      max_attempts: { description: 'Tries.', schema: { type: 'integer', minimum: 1 } },
      linger: { description: 'Wait.', schema: { default: '1s' }, isDuration: true },
      channel: { description: 'How.', schema: {}, component: 'channel', isRequired: true },
    },
  },
  {
    kind: 'channel',
    key: 'http',
    construct: 'httpChannel',
    description: 'By HTTP.',
    fields: {
      method: { description: 'Method.', schema: { type: 'string', enum: ['POST', 'PUT'] } },
      url: {
        description: 'Address.',
        schema: { type: 'string', minLength: 1 },
        isRequired: true,
        perRow: true,
        encoding: 'url',
      },
      headers: {
        description: 'Headers.',
        schema: { type: 'object', additionalProperties: { type: 'string' } },
        perRow: true,
      },
      body: { description: 'Body.', schema: {}, perRow: true },
      idempotency_key: { description: 'Header.', schema: { type: 'string', pattern: '^[A-Za-z-]+$' } },
      timeout: { description: 'Wait.', schema: {}, isDuration: true },
      provider_id: { description: 'Pointer.', schema: { type: 'string', pattern: '^/' } },
      outcomes: {
        description: 'Statuses.',
        schema: {
          type: 'object',
          additionalProperties: {
            type: 'array',
            items: {
              anyOf: [
                { type: 'integer', minimum: 100, maximum: 599 },
                { type: 'string', pattern: '^[1-5]xx$' },
              ],
            },
          },
        },
      },
    },
  },
  {
    kind: 'logger',
    key: 'log',
    construct: 'log',
    description: 'Writes the log.',
    binds: [{ to: 'output' }],
    fields: {},
  },
];
