import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSecrets } from '../../src/registry/secret.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** Characters that look random, the same in each run. Whole tokens stand nowhere in this file, so no scanner minds it. */
const random = (length: number, alphabet = 'aB3dE5fG7hJ9kLmN2pQrS4tUvW6xYz8C') =>
  Array.from({ length }, (_, index) => alphabet[(index * 7 + (index >> 3)) % alphabet.length]).join('');
const UPPER = random(16, 'QW2ER3TY4UI5OP6AS7DF');
const HEX = random(32, '0f1e2d3c4b5a6978');
const BASE64 = random(64);
const PEM = `-----BEGIN RSA ${'PRIVATE'} KEY-----\n  MIIE${BASE64}\n  ${BASE64}\n  -----END RSA ${'PRIVATE'} KEY-----`;

describe('what looks like a credential is found, to the character', () => {
  test.each<[what: string, before: string, secret: string, after: string]>([
    ['an AWS access key', 'a: ', `AK${'IA'}${UPPER}`, ''],
    ['an AWS access key', '# was ', `AS${'IA'}${UPPER}`, ', now rotated'],
    ['a Google API key', 'key: "', `AI${'za'}${random(35)}`, '"'],
    ['a Google OAuth secret', 'x: ', `GOC${'SPX'}-${random(28)}`, ''],
    ['a GitHub token', 'x: [', `gh${'p_'}${random(36)}`, ']'],
    ['a GitHub token', 'x: ', `github${'_pat_'}${random(82)}`, ''],
    ['a GitLab token', 'x: ', `gl${'pat'}-${random(20)}`, ''],
    ['a Slack token', 'x: ', `xo${'xb'}-123456789012-${random(24)}`, ''],
    [
      'a Slack webhook',
      `x: https://hooks.${'slack'}.com/services/`,
      `T0${random(8)}/B0${random(8)}/${random(24)}`,
      '',
    ],
    ['a Stripe key', 'x: ', `sk_${'live_'}${random(24)}`, ''],
    ['a Stripe key', 'x: ', `rk_${'test_'}${random(24)}`, ''],
    ['an npm token', '# //registry/:_authToken=', `np${'m_'}${random(36)}`, ''],
    [
      'a Telegram bot token',
      'url: https://api.telegram.org/bot',
      `123456789:A${'A'}${random(33)}`,
      '/sendMessage',
    ],
    ['a Telegram bot token', 'x: "', `1234567890:A${'A'}${random(33)}`, '"'],
    ['a SendGrid key', 'x: ', `S${'G.'}${random(22)}.${random(43)}`, ''],
    ['a Twilio key', 'x: ', `S${'K'}${HEX}`, ''],
    ['a Yandex OAuth token', 'x: ', `y${'0_'}${random(55)}`, ''],
    ['a JSON Web Token', 'x: ', `ey${'J'}${random(20)}.ey${'J'}${random(40)}.${random(43)}`, ''],
    ['a private key', 'x: |\n  ', PEM, '\n'],
    ['a private key', '# ', `-----BEGIN ${'PRIVATE'} KEY-----\\n${BASE64}`, ''],
    ['a password in a URL', 'dsn: postgres://app:', `q7${'vK2m'}`, '@db.prod:5432/x'],
    ['a password in a URL', '# redis://:', `hunt${'er2'}`, '@cache'],
    ['a bearer token', 'headers: { authorization: "Bearer ', random(24), '" }'],
    ["a literal under 'password'", 'password: ', `hunt${'er2'}`, ''],
    ["a literal under 'db-password'", '{ db-password: "', `p@ss${'W0rd!9'}`, '" }'],
    ["a literal under 'apiKey'", 'apiKey: ', random(20), ' # of the push service'],
    ["a literal under 'client_secret'", "client_secret: '", random(24), "'"],
    ["a literal under 'PUSH_TOKEN'", '# export PUSH_TOKEN=', random(24), ''],
    ["a literal under 'token'", '{"token":"', random(24), '"}'],
    ["a literal under 'private_key'", 'private_key: !!str ', HEX, ''],
    ["a literal under 'secret'", 'a:\n  secret: |-\n    ', random(24), '\n'],
    [
      "a literal under 'aws_secret_access_key'",
      'aws_secret_access_key: ',
      `${random(20)}/${random(19)}`,
      '\r\n',
    ],
  ])('%s', (what, before, secret, after) => {
    const start = before.length;
    expect(findSecrets(before + secret + after)).toEqual([{ start, end: start + secret.length, what }]);
  });

  test('each once, in order', () => {
    const text = `b: Bearer ${random(24)}\ntoken: gh${'p_'}${random(36)}\npassword: hunt${'er2'}\n`;
    expect(findSecrets(text).map(({ what }) => what)).toEqual([
      'a bearer token',
      'a GitHub token',
      "a literal under 'password'",
    ]);
  });
});

describe('a passphrase under a secret-like key', () => {
  const words = ['correct', 'horse', 'battery', 'staple'].join(' ');
  test.each<[key: string, before: string, secret: string, after: string]>([
    ['passphrase', 'passphrase: ', words, ''],
    ['password', 'password: ', words, ' # of the database'],
    ['db_password', '{ db_password: "', words, '" }'],
    ['signing_key', "signing_key: '", words, "'"],
    ['secret', 'secret: |\n  ', words, '\n'],
    ['password', 'password: ', ['Tr0ub4dor', '&3'].join(' '), ', other: 1'],
    ['password', 'password: ', ['слон', 'жираф', 'кит', 'ёж'].join(' '), ''],
    ['PUSH_TOKEN', '# PUSH_TOKEN=', [random(12), 'rotated'].join(' '), ''],
  ])('%s: %s%s%s', (key, before, secret, after) => {
    const start = before.length;
    expect(findSecrets(before + secret + after)).toEqual([
      { start, end: start + secret.length, what: `a literal under '${key}'` },
    ]);
  });

  test.each([
    'password: Enter your password',
    'password: The password of the push service',
    'passphrase: set by whoever runs it',
    'password: at least 12 characters!',
    'password: (see the wiki page of 2026)',
    'secret: comes from Vault, path push2',
    'token: Bearer token 2 of the push service.',
    'token: next page 17 of 20',
    'password: ${secrets.A} ${secrets.B2}',
    'password: changeme before 2027!',
    'key: correct horse battery staple',
    'description: correct horse battery staple',
    'tokens: one two three four',
  ])('is not %s', (text) => expect(findSecrets(text)).toEqual([]));
});

describe('in a program', () => {
  test.each<[before: string, secret: string, after: string]>([
    ['const token = "', random(20), '";'],
    ["const headers = { token: '", random(20), "' };"],
    ['connect({ user, password: "', `hunt${'er2'}`, '" })'],
    ["PASSWORD = '", `hunt${'er2'}`, "'  # TODO"],
    ['fetch(url, { headers: { authorization: `Bearer ', random(24), '` } });'],
    ['// AWS: ', `AK${'IA'}${UPPER}`, ''],
  ])('%s%s%s has a credential', (before, secret, after) => {
    const start = before.length;
    expect(findSecrets(before + secret + after, 'program')).toMatchObject([
      { start, end: start + secret.length },
    ]);
  });

  test.each([
    'const token = process.env.PUSH_TOKEN2',
    'const token = sha256Base64(row.id1);',
    'token: tokens[index2],',
    'let password = await readPassword2()',
    'headers: { authorization: `Bearer ${secrets.PUSH_TOKEN2}` },',
    "token: '{{push_token2}}',",
    "const nextToken = '/page/next2';",
    '{{#each secrets}}token: {{this}}{{/each}}',
    'secretKey === otherKey2',
    "apiKey: 'PUSH_API_KEY',",
  ])('%s has none', (text) => expect(findSecrets(text, 'program')).toEqual([]));
});

describe('what is no credential is left alone', () => {
  test.each([
    'authorization: "Bearer ${secrets.PUSH_TOKEN}"',
    'PUSH_TOKEN: { description: Bearer token of the push service. }',
    'description: Bearer authentication-is-required-here',
    'token: "${secrets.PUSH_TOKEN}"',
    'token: prefix-${secrets.PUSH_TOKEN}',
    'token: $PUSH_TOKEN',
    'token: {{ push_token }}',
    'token: <token>',
    'token: *shared',
    'token: PUSH_TOKEN',
    'token: env:PUSH_TOKEN2',
    'token: The token that the push service gave us in 2026',
    'token:\n  type: string',
    'token: string',
    'next_token: /page/next2',
    'page_token: $.page.token2',
    'max_tokens: 4096',
    'token: 1234567890123456',
    'token_url: https://auth.push/v1/token',
    'idempotency_key: Idempotency-Key',
    'key: message_id',
    'password: changeme',
    'password: change_me_123',
    'password: xxxxxxxx',
    'password: "********"',
    'password: password123',
    'password: ""',
    'password: ~',
    'password: your-password-1',
    'password: [a1, b2]',
    'password: 2026-11-24',
    'secret: push-credentials-v2',
    'secret: push-credentials@1.4.10',
    'secret: projects/42/secrets/push/versions/3',
    'secret: pushServiceSecret',
    'secret: 77c3b56f-fe67-41dc-846d-cf395af20950',
    'private_key: /etc/ssl/push2.pem',
    'private_key: ./keys/push2.pem',
    'private_key: file:push2.pem',
    'api_key: https://vault/v1/push2',
    `interface: ${HEX}${HEX}`,
    `commit: ${HEX}01234567`,
    `integrity: sha512-${BASE64}==`,
    `secret: sha512-${BASE64}==`,
    'dsn: postgres://user:password@host:5432/db',
    'dsn: postgres://user:pw@host',
    'dsn: postgres://postgres:postgres@localhost',
    'dsn: "postgres://app:${secrets.DB_PASSWORD}@host/db"',
    'dsn: postgres://app:<password>@host',
    'dsn: https://me:q7vK2mx@api.example.com/',
    'listen: tcp://127.0.0.1:5571',
    'url: https://push.host:8443/users/@me',
    `aws: AK${'IA'}IOSFODNN7EXAMPLE`,
    `x: gh${'p_'}${'x'.repeat(36)}`,
    `x: sk_${'live_'}${'0'.repeat(24)}`,
    `description: starts with -----BEGIN ${'PRIVATE'} KEY-----`,
    `# S${'G.'}a.b, xo${'xb'}-..., np${'m_'}..., eyJ... are prefixes`,
    'at: 12:30:45',
    'digest: 3f2a9c1b',
  ])('%s', (text) => expect(findSecrets(text)).toEqual([]));

  test.each([
    ['YAML', 'document', ['*.yaml', '*.yml']],
    ['programs', 'program', ['src/*.ts', 'templates/*.hbs', 'bench/*.mjs', 'runners/*.mjs']],
  ] as const)('nor is anything in the %s of this repository', (_, writing, globs) => {
    const paths = execFileSync('git', ['ls-files', ...globs], { cwd: ROOT, encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths)
      expect(findSecrets(readFileSync(join(ROOT, path), 'utf8'), writing), path).toEqual([]);
  });
});

test.each([
  ...[
    'a',
    ' ',
    '\n',
    '"',
    '\\',
    'a.',
    'a-',
    'A1-',
    'a://',
    'ab://u:p',
    'eyJ',
    'eyJaaaaaaaaaa.',
    'eyJaaaaaaaaaaaa-',
  ],
  ...[
    'AKIA',
    'AIza',
    'ya29.',
    'glpat-',
    'xoxb-',
    'SG.',
    'sk_live_',
    'ghp_',
    'y0_',
    '1234567890:',
    'hooks.slack.com/services/',
  ],
  ...[
    `-----BEGIN ${'PRIVATE'} KEY-----`,
    '-----BEGIN A A A A ',
    `-----BEGIN ${'PRIVATE'} KEY-----${'a'.repeat(40)}`,
  ],
  ...[
    'Bearer ',
    'Bearer aaaaaaaaaaaaaaaa ',
    'token: ',
    'token: "',
    'token="',
    '"token":',
    'token: |\n',
    'token: !a &b ',
  ],
  ...[
    "password: '",
    'token: "\\',
    'password: ab1!cd2 ',
    'password: a b ',
    'token: a\t',
    `http://${'a'.repeat(250)}:${'b'.repeat(250)}`,
  ],
])('a megabyte of %j takes less than a second', (piece) => {
  const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
  const startedAt = performance.now();
  findSecrets(text);
  findSecrets(text, 'program');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
