import { asyncSender, batchSender, httpChannel, log, runner, table } from '../../dist/index.js';

// A runner as they are generated, of one of several shapes: what an operation would fix is in SHAPE, as JSON.

const shape = JSON.parse(process.env.SHAPE);
const isBatch = shape.sender === 'batch';
const idempotencyKey = shape.isIdempotent && !isBatch ? { idempotencyKey: 'Idempotency-Key' } : {};
const retries = { maxAttempts: 10, backoffMs: 20, maxBackoffMs: 200 };
const outcomes = { sent: [200], rejected: [410], throttled: [429], retry: [503], terminal: [401] };

await runner({
  operation: {
    name: 'killed',
    version: '1.0.0',
    runner: 'one-shot',
    digest: 'd'.repeat(64),
    layer: 'test@1.0.0',
  },
  inputs: {
    recipients: {
      key: 'id',
      recipient: 'to',
      row: {
        type: 'object',
        required: ['id', 'to', 'text'],
        properties: {
          id: { type: 'string', minLength: 1 },
          to: { type: 'string', minLength: 1 },
          text: { type: 'string' },
        },
      },
    },
  },
  outputs: { log: { type: 'send-log' } },
  params: { endpoint: { type: 'string' } },
  secrets: {},
  policy: { drainTimeoutMs: 30_000, inDoubt: shape.inDoubt, inDoubtWindow: shape.window },
  pipeline: ({ inputs, outputs, params }) => ({
    reader: table(inputs.recipients),
    sender: isBatch ? batches(params.endpoint) : singles(params.endpoint),
    logger: log(outputs.log),
  }),
});

function singles(endpoint) {
  return asyncSender({
    concurrency: 64,
    ...retries,
    channel: httpChannel({
      url: `${endpoint}/one`,
      ...idempotencyKey,
      timeoutMs: shape.timeoutMs ?? 10_000,
      body: (row) => ({ id: row.id, to: row.to, text: row.text }),
      outcomes,
    }),
  });
}

function batches(endpoint) {
  return batchSender({
    maxItems: 200,
    lingerMs: 50,
    ...retries,
    channel: httpChannel({
      url: `${endpoint}/many`,
      timeoutMs: shape.timeoutMs ?? 10_000,
      body: (items) => ({ items }),
      each: (row) => ({ id: row.id, to: row.to, text: row.text }),
      results: {
        at: '/results',
        match: { row: 'id', answer: '/id' },
        code: '/status',
        outcomes: { sent: ['ok'], rejected: ['gone'] },
      },
      outcomes,
    }),
  });
}
