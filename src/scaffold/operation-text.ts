import { draftComment, line, modeline } from './yaml.js';

/** Each way to read has the template that runs it. */
export const READERS = {
  table: { template: 'one-shot', config: '{ use: table, input: recipients }' },
  zmq: { template: 'service', config: '{ use: zmq, input: recipients, endpoint: "${params.listen}" }' },
} as const;

export type ReaderChoice = keyof typeof READERS;

export const READER_CHOICES = Object.keys(READERS) as readonly ReaderChoice[];

/** What a new operation says. */
export interface OperationAnswers {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  /** `name@version`. */
  readonly layer: string;
  /** One runner each. */
  readonly readers: readonly ReaderChoice[];
  /** Path behind the address of the service that sends: `/v1/send`. */
  readonly url: string;
}

/** The document of a new operation: short, sound, and with a comment wherever a newcomer would ask. */
export function operationText(
  answers: OperationAnswers,
  runners: readonly { reader: ReaderChoice; template: string }[],
): string {
  const { name, version, title, description, owner, layer, url } = answers;
  const listens = runners.some(({ reader }) => reader === 'zmq');
  const table = `${name.replaceAll('-', '_').slice(0, 59)}_log`;
  return `${modeline('operation')}
${draftComment(name)}
schema: operation/v1
name: ${name}
version: ${version}
status: draft
${line('title', title)}${line('description', description)}${line('owner', owner)}
# The environment that the runners run in.
layer: ${layer}

inputs:
  recipients:
    description: One row a message.
    key: message_id # tells one message from another
    recipient: recipient_id # who gets it
    row: # JSON Schema of a row; a row that does not fit is logged as rejected, not sent
      type: object
      required: [message_id, recipient_id, text]
      properties:
        message_id: { type: string, minLength: 1, maxLength: 128 }
        recipient_id: { type: string, minLength: 1, maxLength: 64 }
        text: { type: string, minLength: 1, maxLength: 1024 }

outputs:
  log:
    type: send-log
    description: One row a message with its outcome.
    default: pg:${table} # a table of the Postgres that DATABASE_URL names

# What may be set at start, as --endpoint and so on; below, each stands as \${params.NAME}.
params:
  endpoint:
    type: string
    format: uri
    description: Base address of the service that sends.
  concurrency:
    type: integer
    default: 64
    minimum: 1
    maximum: 4096
    description: Most requests in flight at once.
  rate_limit:
    type: number
    default: 0
    minimum: 0
    description: Most requests a second, repeats included; 0 for no limit.
${listens ? LISTEN : ''}
# Environment variables that hold credentials; below, each stands as \${secrets.NAME}.
secrets:
  API_TOKEN: { description: Bearer token of the service that sends. }

policy:
  drain_timeout: 30s # after SIGTERM: how long what was read may take to be sent and logged

runners:
${runners.map((runner, index) => runnerText(runner, index === 0 ? sender(url) : ' *send\n')).join('\n')}`;
}

const LISTEN = `  listen:
    type: string
    default: tcp://127.0.0.1:5571
    description: ZeroMQ endpoint on which the service receives rows (PULL, bound).
`;

function runnerText(
  { reader, template }: { reader: ReaderChoice; template: string },
  sender: string,
): string {
  return `  ${READERS[reader].template}:
    template: ${template}
    reader: ${READERS[reader].config}
    sender:${sender}    logger: { use: log, output: log }
`;
}

function sender(url: string): string {
  return ` &send
      use: async
      concurrency: "\${params.concurrency}"
      rate_limit: "\${params.rate_limit}"
      max_attempts: 5
      channel:
        use: http
        method: POST
        url: ${JSON.stringify(`\${params.endpoint}${url}`)}
        headers: { authorization: "Bearer \${secrets.API_TOKEN}" }
        idempotency_key: Idempotency-Key # header that carries the message's key, so that a repeat is known as one
        timeout: 10s
        body: { to: "\${row.recipient_id}", text: "\${row.text}" }
        # What a status means, checked from the top; one that is not listed is retried, then failed.
        outcomes:
          sent: [200, 202]
          rejected: [400, 404, 410]
          throttled: [429]
          retry: [5xx]
          terminal: [401, 403] # ends the run: no other message would fare better
`;
}
