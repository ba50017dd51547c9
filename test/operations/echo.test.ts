import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../src/pipeline/record.js';
import { httpServer, type SeenRequest } from '../setup/http.js';
import { temporaryFolder } from '../setup/yt.js';

// Operations as they are published, against a provider that answers with what it was sent: the request's headers and body.

const ROOT = join(import.meta.dirname, '..', '..');
const SECRET = 'planted-secret/%41+"x';

const COUNT = 60;
const TITLE = 'Planted "title" of a message';
const TEXT = 'Planted text, код 47110815\nhttps://x.example/planted?a=1';
const isPlanted = /planted|47110815|код|\\u043a|%D0%BA|79990100/i;

type Echo = (request: SeenRequest) => string;

const ECHOES: readonly (readonly [string, Echo])[] = [
  ['in JSON', ({ headers, body }) => JSON.stringify({ error: { message: `cannot take ${body}`, headers } })],
  ['as it came', ({ headers, body }) => `${headers.authorization}: ${body}`],
  ['decoded', ({ headers, body }) => `${headers.authorization}: ${textsIn(JSON.parse(body)).join(' | ')}`],
  ['percent-encoded', ({ headers, body }) => `${encodeURIComponent(`${headers.authorization} ${body}`)}`],
  ['only its end', ({ headers, body }) => `…${body.slice(-60)} by ${headers.authorization?.slice(-12)}`],
];

const OPERATIONS: readonly (readonly [string, string, string, (index: number) => Row])[] = [
  [
    'driver_push',
    'recipients',
    'PUSH_TOKEN',
    (index) => ({ message_id: `m${index}`, driver_id: `d${index}`, title: TITLE, text: `${TEXT} ${index}` }),
  ],
  [
    'drivers_sms',
    'recipients',
    'SMS_TOKEN',
    (index) => ({ message_id: `m${index}`, phone: `+79990${100_000 + index}`, text: `${TEXT} ${index}` }),
  ],
  [
    'coupons_activate',
    'activations',
    'COUPONS_TOKEN',
    (index) => ({ activation_id: `m${index}`, user_id: `u${index}`, coupon: `PLANTED-${index}` }),
  ],
];

describe.each(OPERATIONS)(
  '%s tells neither a text, a number nor a secret',
  (operation, input, secret, row) => {
    test.each(ECHOES)('that the provider quotes %s, refusing', async (_, echo) => {
      // From a second kind of refusal on it is not one mistake that refuses them all.
      let answered = 0;
      const { traces, log } = await run({ operation, input, secret, row }, (request) => ({
        status: answered++ % 2 === 0 ? 400 : 422,
        text: echo(request),
      }));
      expect(log.length).toBe(COUNT);
      expect(log.every(({ error_text }) => /‹|sha256(:|%3A)/.test(error_text ?? ''))).toBe(true);
      expect(isPlanted.exec(traces)?.[0]).toBeUndefined();
    });

    test('that the provider quotes when it refuses the credentials, which ends the run', async () => {
      const { code, traces } = await run({ operation, input, secret, row }, ({ headers, body }) => ({
        status: 401,
        text: `${headers.authorization}: ${body}`,
      }));
      expect(code).toBe(77);
      expect(traces).toContain(`Bearer ‹${secret}›`);
      expect(isPlanted.exec(traces)?.[0]).toBeUndefined();
    });

    test('that the provider quotes in the twentieth refusal of one kind, which ends the run', async () => {
      const { code, traces } = await run({ operation, input, secret, row }, ({ headers, body }) => ({
        status: 400,
        text: `${headers.authorization}: ${body}`,
      }));
      expect(code).toBe(78);
      expect(traces).toContain(`Bearer ‹${secret}›`);
      expect(isPlanted.exec(traces)?.[0]).toBeUndefined();
    });
  },
);

interface Given {
  readonly operation: string;
  readonly input: string;
  readonly secret: string;
  readonly row: (index: number) => Row;
}

/** Runs an operation over a file into a folder; gives its log and all that it left, as one text. */
async function run(
  { operation, input, secret, row }: Given,
  answer: (request: SeenRequest) => { readonly status: number; readonly text: string },
) {
  const folder = temporaryFolder();
  const { origin } = await httpServer((request, response) => {
    const { status, text } = answer(request);
    response.writeHead(status).end(text);
  });
  const rows = Array.from({ length: COUNT }, (_, index) => JSON.stringify(row(index)));
  writeFileSync(join(folder, 'rows.ndjson'), rows.join('\n'));
  const flags = [
    `--${input}`,
    `file:${folder}/rows.ndjson`,
    '--log',
    `file:${folder}/log`,
    '--endpoint',
    origin,
  ];
  if (operation === 'drivers_sms') flags.push('--sender-name', 'Taxi', '--rate-limit', '0');
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist', 'cli', 'main.js'), 'run', operation, '--', ...flags].concat([
      '--summary',
      join(folder, 'log', 'summary.json'),
      '--state-dir',
      join(folder, 'log', 'state'),
    ]),
    { cwd: ROOT, env: { PATH: process.env.PATH, [secret]: SECRET }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  const files = readdirSync(join(folder, 'log'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name, text: readFileSync(join(parentPath, name), 'utf8') }));
  const log = files
    .filter(({ name }) => name.endsWith('.ndjson'))
    .flatMap(({ text }) => text.trimEnd().split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly error_text: string | null });
  return { code, log, traces: [output, ...files.map(({ text }) => text)].join('\n') };
}

/** The texts of a JSON value, however deep. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
