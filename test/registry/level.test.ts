import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueLevel, nextVersion, satisfiesLevel, versionFor } from '../../src/registry/level.js';
import { LEVEL_RULES } from '../../src/registry/levelRules.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { byVersion, type Level } from '../../src/registry/version.js';
import { edited, house, OPERATION } from './house.js';
import { SPECS } from './specs.js';

const documentOf = (tree: typeof house) =>
  loadRegistry(tree, SPECS).find('operation', 'driver_push')?.document ?? {};
const before = documentOf(house);
const due = (from: string, to: string) => dueLevel(before, documentOf(edited(OPERATION, { [from]: to })));

const LISTEN = '  listen:';
const TEXT = '        text: { type: string, minLength: 1, maxLength: 1024 }';

describe('a change is', () => {
  test.each<[Level, string, string, string]>([
    ['major', 'param-removed', '  rate_limit:', '  rate:'],
    ['major', 'param-required', '    default: 64\n', ''],
    ['major', 'param-required', LISTEN, `  x: {type: string}\n${LISTEN}`],
    ['major', 'param-narrowed', 'maximum: 4096', 'maximum: 1024'],
    ['minor', 'param-added', LISTEN, `  x: {type: string, default: a}\n${LISTEN}`],
    ['minor', 'param-widened', 'maximum: 4096', 'maximum: 9999'],
    ['minor', 'param-default', 'default: 64', 'default: 128'],
    ['minor', 'param-default', '    format: uri', '    format: uri\n    default: http://a'],
    ['major', 'input-removed', '  recipients:\n    desc', '  people:\n    desc'],
    ['major', 'input-required', 'inputs:', 'inputs:\n  more: {key: a, row: {}}'],
    ['minor', 'input-added', 'inputs:', 'inputs:\n  more: {key: a, row: {}, default: "file:a"}'],
    ['minor', 'input-default', '    key:', '    default: file:a\n    key:'],
    ['major', 'input-key', 'key: message_id', 'key: driver_id'],
    ['major', 'input-key', '    recipient: driver_id\n', ''],
    ['major', 'column-required', '[message_id, driver_id,', '[message_id, driver_id, city,'],
    ['major', 'column-narrowed', 'maxLength: 1024', 'maxLength: 512'],
    ['minor', 'column-added', TEXT, `${TEXT}\n        city: {type: string}`],
    ['minor', 'column-widened', 'maxLength: 1024', 'maxLength: 2048'],
    ['minor', 'column-widened', '[message_id, driver_id,', '[message_id,'],
    ['major', 'output-removed', '  log:\n', '  journal:\n'],
    ['major', 'output-required', '    default: pg:driver_push_log\n', ''],
    ['major', 'output-type', 'type: send-log', 'type: rows'],
    ['minor', 'output-added', 'outputs:', 'outputs:\n  more: {type: send-log, default: "pg:a"}'],
    ['minor', 'output-default', 'default: pg:driver_push_log', 'default: pg:other'],
    ['minor', 'secret-added', 'secrets:', 'secrets:\n  OTHER: {}'],
    ['minor', 'runner-added', 'runners:', 'runners:\n  other: {template: one-shot@1.0.0}'],
    ['major', 'runner-removed', '  service:\n', '  stream:\n'],
  ])('%s by %s', (level, rule, from, to) => {
    const { level: found, reasons } = due(from, to);
    expect(found).toBe(level);
    expect(reasons.map((reason) => reason.rule)).toContain(rule);
  });

  test.each([
    ['max_attempts: 5', 'max_attempts: 6'],
    ['drain_timeout: 30s', 'drain_timeout: 31s'],
    ['layer: taxi-crm-push@1.4.10', 'layer: taxi-crm-push@1.4.11'],
    ['title: Push', 'title: Pull'],
    ['Base address', 'Address'],
    ['template: one-shot@1.0.0', 'template: one-shot@1.0.1'],
  ])('a patch by no rule: %j to %j', (from, to) =>
    expect(due(from, to)).toEqual({ level: 'patch', reasons: [] }),
  );

  test('a patch where a secret goes', () => {
    const { level, reasons } = due(
      'secrets:\n  PUSH_TOKEN: { description: Bearer token of the push service. }\n',
      '',
    );
    expect([level, reasons]).toEqual(['patch', [expect.objectContaining({ rule: 'secret-removed' })]]);
  });

  test('as grave as its gravest reason, which comes first, and each says where', () => {
    const { level, reasons } = dueLevel(
      before,
      documentOf(edited(OPERATION, { 'default: 64': 'default: 8', 'maximum: 4096': 'maximum: 8' })),
    );
    expect(level).toBe('major');
    expect(reasons).toEqual([
      {
        rule: 'param-narrowed',
        path: ['params', 'concurrency', 'maximum'],
        words: 'params.concurrency.maximum: 4096 -> 8',
      },
      {
        rule: 'param-default',
        path: ['params', 'concurrency', 'default'],
        words: 'params.concurrency.default: 64 -> 8',
      },
    ]);
  });
});

test('any documents have a level, and none is due between a document and itself', () => {
  const section = fc.dictionary(
    fc.constantFrom('a', 'b'),
    fc.oneof(fc.jsonValue(), fc.constant({ row: { properties: null } })),
  );
  const document = fc.record(
    { params: section, inputs: section, outputs: section, secrets: section, runners: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(document, document, (a, b) => {
      expect(['patch', 'minor', 'major']).toContain(dueLevel(a, b).level);
      expect(dueLevel(a, a)).toEqual({ level: 'patch', reasons: [] });
    }),
  );
});

test.each(LEVEL_RULES.map(({ id, doc }) => [id, doc]))(
  '%s has an id of its own and a sentence',
  (id, doc) => {
    expect(LEVEL_RULES.filter((rule) => rule.id === id)).toHaveLength(1);
    expect(doc).toMatch(/^[A-Z].*\.$/);
  },
);

describe('the least version', () => {
  test.each<[string, Level, string]>([
    ['1.4.10', 'patch', '1.4.11'],
    ['1.4.10', 'minor', '1.5.0'],
    ['1.4.10', 'major', '2.0.0'],
    ['0.3.1', 'major', '0.4.0'],
    ['0.3.1', 'minor', '0.3.2'],
    ['0.3.1', 'patch', '0.3.2'],
    ['0.0.3', 'major', '0.0.4'],
    ['0.0.3', 'minor', '0.0.4'],
    ['1.4.5-dev', 'patch', '1.4.5'],
    ['2.0.0-rc.1', 'major', '2.0.0'],
  ])('after %s by %s is %s', (previous, level, version) => expect(versionFor(previous, level)).toBe(version));

  test.each<[string, string, Level, boolean]>([
    ['1.4.10', '1.4.11', 'minor', false],
    ['1.4.10', '1.5.0', 'minor', true],
    ['1.4.10', '1.5.0-rc.1', 'minor', true],
    ['1.4.10', '1.4.11', 'patch', true],
    ['1.4.10', '2.0.0', 'patch', true],
    ['1.4.10', '1.4.10', 'patch', false],
    ['1.4.10', '1.3.0', 'patch', false],
    ['2.0.0-rc.1', '2.0.0-rc.2', 'major', true],
    ['0.3.1', '0.3.2', 'major', false],
    ['0.3.1', '1.0.0', 'major', true],
  ])('from %s to %s is enough for %s: %j', (previous, next, level, isEnough) =>
    expect(satisfiesLevel(previous, next, level)).toBe(isEnough),
  );

  test.each<[string, string[], Level, string]>([
    ['1.4.10', [], 'patch', '1.4.11'],
    ['1.4.10', ['1.4.12', '1.5.0'], 'patch', '1.4.13'],
    ['1.4.10', ['1.4.12', '1.5.0'], 'minor', '1.6.0'],
    ['1.4.10', ['1.5.0-rc.1'], 'minor', '1.5.0'],
    ['1.4.10', ['3.0.0'], 'major', '4.0.0'],
    ['1.4.5-dev', ['1.4.8'], 'patch', '1.4.9'],
    ['1.4.5-dev', [], 'patch', '1.4.5'],
    ['0.3.1', ['0.3.4', '0.5.0'], 'minor', '0.3.5'],
    ['0.3.1', [], 'major', '0.4.0'],
    ['0.3.1', ['0.4.0'], 'major', '0.5.0'],
    ['0.3.1', ['1.2.0'], 'major', '2.0.0'],
    ['0.0.3', ['0.0.7'], 'major', '0.0.8'],
  ])('made from %s where %j are taken, by %s, is %s', (origin, taken, level, version) => {
    expect(nextVersion(origin, taken, level)).toBe(version);
  });

  test('is enough, and a lower one is not', () => {
    const number = fc.integer({ min: 0, max: 3 });
    const version = fc.tuple(number, number, number).map((numbers) => numbers.join('.'));
    fc.assert(
      fc.property(
        version,
        version,
        fc.constantFrom<Level>('patch', 'minor', 'major'),
        (previous, other, level) => {
          const least = versionFor(previous, level);
          expect(satisfiesLevel(previous, least, level)).toBe(true);
          expect(satisfiesLevel(previous, other, level)).toBe(byVersion(other, least) >= 0);
        },
      ),
    );
  });
});
