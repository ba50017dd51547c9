import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RtnError } from '../../src/error.js';
import { type CommandLine, parseCommandLine } from '../../src/runtime/command-line.js';
import { DEFINITION, REQUIRED, SECRETS } from './definition.js';

const folder = mkdtempSync(join(tmpdir(), 'rtn-command-line-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The path of a file with this content. */
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Environment = Readonly<Record<string, string>>;
type Run = Extract<CommandLine, { kind: 'run' }>;

function parsed(argv: readonly string[], environment: Environment = {}): Run {
  const command = parseCommandLine(DEFINITION, [...REQUIRED, ...argv], { ...SECRETS, ...environment });
  if (command.kind !== 'run') throw new Error(`a run was expected, got ${command.kind}`);
  return command;
}

/** The mistakes that are told, none when it succeeds. */
function mistakes(argv: readonly string[], environment: Environment = SECRETS): unknown {
  try {
    parseCommandLine(DEFINITION, argv, environment);
    return [];
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'usage', next: 'node driver_push-1.4.10.one-shot.mjs --help' });
    return (thrown as RtnError).details.mistakes;
  }
}

describe('a command line', () => {
  test('with nothing but what is required takes every default', () => {
    expect(parsed([])).toEqual({
      kind: 'run',
      inputs: { recipients: 'yt://c/t' },
      outputs: { log: 'pg:driver_push_log' },
      params: {
        endpoint: 'https://push.example',
        concurrency: 64,
        rate_limit: 0,
        provider: 'http',
        dry: false,
        regions: [],
        most: null,
      },
      secrets: { PUSH_TOKEN: 'opaque' },
      options: {
        runId: undefined,
        isFresh: false,
        shard: { index: 0, of: 1 },
        retry: undefined,
        waitMs: undefined,
        stateDir: undefined,
        summary: undefined,
        jsonProgress: false,
        quiet: false,
        isDryRun: false,
        isConfirmed: false,
        selection: undefined,
        notAfterMs: undefined,
      },
    });
  });

  test('gives outputs and options', () => {
    const argv = [
      '--log',
      'pg:other',
      '--run-id',
      'r1',
      '--state-dir=/s',
      '--summary',
      's.json',
      '--json-progress',
      '--quiet',
    ];
    expect(parsed(argv)).toMatchObject({
      outputs: { log: 'pg:other' },
      options: { runId: 'r1', stateDir: '/s', summary: 's.json', jsonProgress: true, quiet: true },
    });
  });

  test('gives the part of the input to take and the latest time to send', () => {
    const argv = ['--limit', '5', '--sample=0.5%', '--only', 'a, b', '--only', 'c,a', '--yes', '--dry-run'];
    expect(parsed([...argv, '--not-after', '2026-11-23T20:00+03:00']).options).toMatchObject({
      selection: { limit: 5, sample: 0.005, only: ['a', 'b', 'c'] },
      notAfterMs: Date.UTC(2026, 10, 23, 17),
      isDryRun: true,
      isConfirmed: true,
    });
  });

  test.each([
    ['8080', '127.0.0.1', 8080],
    ['0', '127.0.0.1', 0],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    ['[::]:8080', '::', 8080],
    ['localhost:8080', 'localhost', 8080],
  ])('takes --health-port %s', (text, host, port) => {
    expect(parsed(['--health-port', text]).options.health).toEqual({ host, port });
  });

  test.each<[string, readonly string[], string, unknown]>([
    ['an integer', ['--concurrency', '8'], 'concurrency', 8],
    ['a number', ['--rate-limit=0.5'], 'rate_limit', 0.5],
    ['a name with an underscore', ['--rate_limit', '7'], 'rate_limit', 7],
    ['a choice', ['--provider', 'fcm'], 'provider', 'fcm'],
    ['a bare switch', ['--dry'], 'dry', true],
    ['a switch with a word', ['--dry', 'true'], 'dry', true],
    ['a switch turned off', ['--no-dry'], 'dry', false],
    ['a switch set to false', ['--dry=false'], 'dry', false],
    ['a list', ['--regions', '["msk"]'], 'regions', ['msk']],
    ['null where it is allowed', ['--most', 'null'], 'most', null],
    ['an integer where null is allowed', ['--most', '5'], 'most', 5],
  ])('reads %s', (_, argv, param, expected) => {
    expect(parsed(argv).params[param]).toBeTypeOf(typeof expected);
    expect(parsed(argv).params[param]).toEqual(expected);
  });

  test.each<[string, readonly string[], Environment, number]>([
    ['the default', [], {}, 64],
    ['a file over the default', ['--params', file('p.json', '{"concurrency": 1}')], {}, 1],
    ['a YAML file alike', ['--params', file('p.yaml', 'concurrency: 1\n')], {}, 1],
    [
      'the environment over a file',
      ['--params', file('q.json', '{"concurrency": 1}')],
      { RTN_PARAM_CONCURRENCY: '2' },
      2,
    ],
    ['a flag over the environment', ['--concurrency', '3'], { RTN_PARAM_CONCURRENCY: '2' }, 3],
    ['nothing from an empty variable', [], { RTN_PARAM_CONCURRENCY: '' }, 64],
  ])('takes %s', (_, argv, environment, expected) => {
    expect(parsed(argv, environment).params.concurrency).toBe(expected);
  });

  test.each([['--help'], ['-h'], ['--version']])('%s wins over any mistake', (flag) => {
    const { kind } = parseCommandLine(DEFINITION, ['--nonsense', flag], {});
    expect(kind).toBe(flag === '--version' ? 'version' : 'help');
  });

  test('of a service needs no location for its stream', () => {
    const operation = { ...DEFINITION.operation, runner: 'service' };
    const command = parseCommandLine({ ...DEFINITION, operation }, ['--endpoint', 'https://h'], SECRETS);
    expect(command).toMatchObject({ kind: 'run', inputs: {} });
  });

  test('of a param with the name of an option is a mistake of the operation', () => {
    const params = { quiet: { type: 'boolean', default: false } };
    expect(() => parseCommandLine({ ...DEFINITION, params }, [], SECRETS)).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringContaining("param 'quiet' cannot have the flag --quiet"),
      }),
    );
  });
});

describe('a mistake on the command line', () => {
  test('is told together with all the others', () => {
    const argv = ['--recipient', 'yt://c/t', '--concurrency', '0', 'stray', '--quiet=yes'];
    expect(mistakes(argv, { RTN_PARAM_RATE_LIMIT: 'fast' })).toEqual([
      "there is no flag --recipient; did you mean '--recipients'?",
      "got 'stray' where a flag was expected",
      '--quiet takes no value',
      'input recipients has no location: give --recipients LOCATION',
      'param endpoint is missing: give --endpoint, RTN_PARAM_ENDPOINT or a line in --params FILE; expected a URI such as https://host/path',
      'param concurrency (from --concurrency): got 0, expected an integer from 1 to 4096',
      "param rate_limit (from RTN_PARAM_RATE_LIMIT): got 'fast', expected a number of at least 0",
      'secret PUSH_TOKEN is missing: set PUSH_TOKEN, or PUSH_TOKEN_FILE to a file that holds it',
    ]);
  });

  test.each<[string, readonly string[], string]>([
    [
      'a fraction',
      ['--concurrency', '1.5'],
      'param concurrency (from --concurrency): got 1.5, expected an integer from 1 to 4096',
    ],
    [
      'a word for a number',
      ['--concurrency', '0x10'],
      "param concurrency (from --concurrency): got '0x10', expected an integer from 1 to 4096",
    ],
    [
      'an empty value',
      ['--concurrency='],
      "param concurrency (from --concurrency): got '', expected an integer from 1 to 4096",
    ],
    [
      'an unknown choice',
      ['--provider', 'sms'],
      "param provider (from --provider): got 'sms', expected one of http, fcm",
    ],
    [
      'a format',
      ['--endpoint=nowhere'],
      "param endpoint (from --endpoint): got 'nowhere', expected a URI such as https://host/path",
    ],
    [
      'what stands in a list',
      ['--regions', '[1]'],
      'param regions (from --regions): got [1], expected a JSON list (0 must be string)',
    ],
    [
      'control characters',
      ['--provider', 'a\nb'],
      "param provider (from --provider): got 'a\\nb', expected one of http, fcm",
    ],
    [
      'a flag without its value',
      ['--provider', '--dry'],
      '--provider needs a value; write --provider=VALUE for one that begins with --',
    ],
    ['a flag given twice', ['--dry', '--dry'], '--dry is given twice'],
    ['a limit of nothing', ['--limit', '0'], "--limit: got '0', expected a whole number from 1"],
    [
      'a share without its sign',
      ['--sample', '5'],
      "--sample: got '5', expected a share above 0% and at most 100%, such as 1%",
    ],
    [
      'a port that is none',
      ['--health-port', '65536'],
      "--health-port: got '65536', expected a port from 0 to 65535, or HOST:PORT",
    ],
    ['an empty id', ['--only', 'a,,b'], "--only: got 'a,,b', expected message ids with commas between"],
    [
      'a time without its zone',
      ['--not-after', '2026-11-23T20:00'],
      "--not-after: got '2026-11-23T20:00', expected a time with its zone, such as 2026-11-23T20:00+03:00",
    ],
    [
      'a day that is none',
      ['--not-after', '2026-02-30T20:00Z'],
      "--not-after: got '2026-02-30T20:00Z', expected a time with its zone, such as 2026-11-23T20:00+03:00",
    ],
    [
      'a type in a file',
      ['--params', file('t.json', '{"concurrency": "8"}')],
      `param concurrency (from ${folder}/t.json): got '8', expected an integer from 1 to 4096`,
    ],
    [
      'an unknown param in a file',
      ['--params', file('u.yaml', 'rate_limt: 1')],
      `--params ${folder}/u.yaml: there is no param 'rate_limt'; did you mean 'rate_limit'?`,
    ],
    ['a file that is not there', ['--params', '/none.json'], '--params /none.json: there is no such file'],
    [
      'a file of another kind',
      ['--params', 'p.toml'],
      '--params p.toml: expected a file that ends in .json, .yaml or .yml',
    ],
    [
      'a file without a map',
      ['--params', file('l.yaml', '- 1')],
      `--params ${folder}/l.yaml: expected a map from params to values`,
    ],
  ])('names %s', (_, argv, expected) => {
    const others = argv[0]?.startsWith('--endpoint') ? REQUIRED.slice(0, 2) : REQUIRED;
    expect(mistakes([...others, ...argv])).toContain(expected);
  });

  test('in a file that cannot be parsed names the file', () => {
    expect(mistakes([...REQUIRED, '--params', file('broken.json', '{')])).toEqual([
      expect.stringContaining(`--params ${folder}/broken.json: `),
    ]);
    expect(mistakes([...REQUIRED, '--params', file('broken.yaml', '{')])).toEqual([
      expect.stringContaining(`--params ${folder}/broken.yaml: `),
    ]);
  });
});

describe('a secret', () => {
  const read = (environment: Environment): unknown => {
    const command = parseCommandLine(DEFINITION, REQUIRED, environment);
    return command.kind === 'run' && command.secrets.PUSH_TOKEN;
  };

  test.each([
    ['from the environment, as it is', { PUSH_TOKEN: ' a\n' }, ' a\n'],
    ['from a file, without its last line end', { PUSH_TOKEN_FILE: file('token', 'b\n\n') }, 'b\n'],
    ['from a file of Windows alike', { PUSH_TOKEN_FILE: file('token-crlf', 'c\r\n') }, 'c'],
  ])('comes %s', (_, environment, expected) => {
    expect(read(environment as unknown as Environment)).toBe(expected);
  });

  test.each<[string, Environment, string]>([
    [
      'given twice',
      { PUSH_TOKEN: 'xyzzy', PUSH_TOKEN_FILE: '/x' },
      'is given twice: set PUSH_TOKEN or PUSH_TOKEN_FILE, not both',
    ],
    [
      'in an empty file',
      { PUSH_TOKEN_FILE: file('empty', '\n') },
      ': the file that PUSH_TOKEN_FILE names is empty',
    ],
    [
      'in a file that is not there',
      { PUSH_TOKEN_FILE: '/none' },
      ': cannot read /none, which PUSH_TOKEN_FILE names (ENOENT)',
    ],
  ])('%s is a mistake', (_, environment, expected) => {
    expect(mistakes(REQUIRED, environment)).toEqual([expect.stringContaining(expected)]);
    expect(String(mistakes(REQUIRED, environment))).not.toContain('xyzzy');
  });

  test.each([['--push-token', 'xyzzy'], ['--PUSH_TOKEN=xyzzy'], ['--pushtoken', 'xyzzy']])(
    'given by flag is refused and never shown: %s',
    (...argv) => {
      const said = String(mistakes([...REQUIRED, ...argv]));
      expect(said).toMatch(/is no flag: secrets come from the environment|there is no flag/);
      expect(said).not.toContain('xyzzy');
    },
  );
});
