import { describe, expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import type { Finding } from '../../src/registry/finding.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { jsonReport } from '../../src/report/json.js';
import { textReport } from '../../src/report/text.js';
import { judge } from '../../src/rules/judge.js';
import { edited, house, LAYER, OPERATION, textOf } from '../registry/house.js';

/** The texts of the house's templates. */
const templateTexts = house.list('templates').filter((path) => path.endsWith('.hbs'));

const TOKEN = `gh${'p_'}aB3dE5fG7hJ9kLmN2pQrS4tUvW6xYz8C1x2y`;

function judged(tree: FileTree): Finding[] {
  return [...judge(tree, COMPONENTS, { today: '2026-11-24' }).findings];
}

test('the house has no secrets', () => expect(judged(house)).toEqual([]));

describe('a literal secret beside the documents', () => {
  const script = 'operations/driver_push/scripts/send.sh';
  const withScript = edited(OPERATION, { 'runners:': 'runners:\n  own:\n    run: ./scripts/send.sh' });
  const plus = (files: Record<string, string>, tree = house) =>
    withChanges(
      tree,
      Object.entries(files).map(([path, content]) => ({ path, content })),
    );

  test.each<[string, string, FileTree]>([
    ['a script', script, plus({ [script]: `#!/bin/sh\nTOKEN=${TOKEN}\n` }, withScript)],
    ['rtn.yaml', 'rtn.yaml', plus({ 'rtn.yaml': `schema: rtn/v1\n# ${TOKEN}\n` })],
    [
      'waivers.yaml',
      'waivers.yaml',
      plus({ 'waivers.yaml': `schema: waivers/v1\nwaivers: []\n# ${TOKEN}\n` }),
    ],
    ...templateTexts.map((path): [string, string, FileTree] => [
      'the text of a template',
      path,
      plus({ [path]: `// ${TOKEN}\n${textOf(path)}` }),
    ]),
  ])('is found in %s, once, and shown nowhere', (_, file, tree) => {
    const findings = judged(tree);
    const found = findings.filter(({ rule }) => rule === 'secret/literal');
    expect(found).toMatchObject([{ file, isSecret: true, length: TOKEN.length }]);
    const text = (path: string) => textOf(path, tree);
    expect(textReport(findings, { textOf: text, hasColor: false, scope: '' })).not.toContain(
      TOKEN.slice(0, 8),
    );
  });
});

describe('a literal secret', () => {
  const tree = edited(
    LAYER,
    { 'status: draft': `status: draft\n# the old one: ${TOKEN}` },
    edited(OPERATION, { '${secrets.PUSH_TOKEN}': TOKEN }),
  );

  test('is found in values and in comments, at its first character', () => {
    const findings = judged(tree);
    expect(findings).toMatchObject([
      { rule: 'secret/literal', file: LAYER, message: expect.stringContaining('a GitHub token') },
      { rule: 'secret/literal', file: OPERATION, length: TOKEN.length, isSecret: true },
    ]);
    for (const { file, line, column } of findings)
      expect(
        textOf(file, tree)
          .split('\n')
          [line - 1]?.slice(column - 1),
      ).toMatch(new RegExp(`^${TOKEN}`));
  });

  test.each([
    ['where it stands', tree],
    ['where another rule quotes it', edited(OPERATION, { 'use: async': `use: ${TOKEN}` })],
    [
      'where another rule marks the same line',
      edited(OPERATION, { 'max_attempts: 5': `max_atempts: ${TOKEN}` }),
    ],
  ])('is in no report %s', (_, where) => {
    const findings = judged(where);
    const text = (file: string) => textOf(file, where);
    const reports = [
      textReport(findings, { textOf: text, hasColor: false, scope: '' }),
      jsonReport({ registry: { artefacts: [] }, judged: [], findings, waived: [], textOf: text }),
    ];
    for (const report of reports) {
      expect(report).toContain('secret/literal');
      expect(report).not.toContain(TOKEN.slice(0, 8));
    }
    expect(reports[0]).toContain('*'.repeat(TOKEN.length));
    expect(reports[0]).toContain('^'.repeat(TOKEN.length));
  });
});
