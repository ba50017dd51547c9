import { describe, expect, test } from 'vitest';
import { type Finding, inOrder } from '../../src/registry/finding.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { edited, house, LAYER, ONE_SHOT, OPERATION } from './house.js';
import { SPECS } from './specs.js';

function findingsIn(tree: FileTree): Finding[] {
  return inOrder(loadRegistry(tree, SPECS).artefacts.flatMap((artefact) => artefact.findings));
}

function findings(path: string, edits: Readonly<Record<string, string>>): string[] {
  return findingsIn(edited(path, edits)).map(({ line, rule, message }) => `${line} ${rule} ${message}`);
}

describe('one mistake is one finding, in words, at its place', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      OPERATION,
      { 'title: Push': 'titel: Push' },
      "schema/unknown-key unknown key 'titel' in the document; did you mean 'title'?",
    ],
    [
      OPERATION,
      { 'layer: taxi-crm-push@1.4.10\n': '' },
      "schema/required 'layer' is missing in the document: The environment",
    ],
    [
      OPERATION,
      { 'version: 1.4.10': 'version: 1.4' },
      'yaml/version-number YAML reads 1.4 as a number, not as a version; write "1.4.0"',
    ],
    [
      OPERATION,
      { 'version: 1.4.10': 'version: 1.4.10dev' },
      "schema/value version is '1.4.10dev', an older way of writing: write 1.4.10-dev",
    ],
    [
      OPERATION,
      { 'layer: taxi-crm-push@1.4.10': 'layer: taxi-crm-push@1.4' },
      "schema/value layer is 'taxi-crm-push@1.4', an older way of writing: write taxi-crm-push@1.4.0",
    ],
    [
      OPERATION,
      { 'layer: taxi-crm-push@1.4.10': 'layer: Taxi@1.4' },
      "schema/value layer is 'Taxi@1.4', expected something like taxi-crm-push@1.0.0",
    ],
    [
      OPERATION,
      { 'version: 1.4.10': 'version: 1.4.x' },
      "schema/value version is '1.4.x', expected something like 1.4.10",
    ],
    [
      OPERATION,
      { 'status: draft': 'status: activ' },
      "schema/value status is 'activ'; did you mean 'active'?",
    ],
    [
      OPERATION,
      { 'schema: operation/v1': 'schema: operation/v2' },
      'schema is \'operation/v2\', expected "operation/v1"',
    ],
    [
      OPERATION,
      { 'layer: taxi-crm-push@1.4.10': 'layer: taxi-crm-push' },
      'expected something like taxi-crm-push@1.0.0',
    ],
    [
      OPERATION,
      { 'drain_timeout: 30s': 'drain_timeout: 30' },
      'schema/type policy.drain_timeout is the number 30, expected a text',
    ],
    [OPERATION, { 'drain_timeout: 30s': 'drain_timeout: 30sec' }, 'expected something like 30s'],
    [OPERATION, { '      use: async\n': '' }, "schema/required 'use' is missing in runners.one-shot.sender"],
    [OPERATION, { 'max_attempts: 5': 'max_attempts: 0' }, 'max_attempts is the number 0: it must be >= 1'],
    [
      OPERATION,
      { 'max_attempts: 5': 'max_attempts: five' },
      "schema/type runners.one-shot.sender.max_attempts is 'five', expected a whole number",
    ],
    [
      OPERATION,
      { 'max_attempts: 5': 'max_atempts: 5' },
      "unknown key 'max_atempts' in runners.one-shot.sender; did you mean 'max_attempts'?",
    ],
    [
      OPERATION,
      { '"${params.concurrency}"': '"${params.concurrency} or so"' },
      'expected something like ${params.x}',
    ],
    [OPERATION, { 'method: POST': 'method: post' }, "did you mean 'POST'?"],
    [
      OPERATION,
      { 'default: pg:driver_push_log': 'default: driver_push_log' },
      "outputs.log.default is 'driver_push_log', expected something like pg:driver_push_log",
    ],
    [
      OPERATION,
      { '    recipient: driver_id': '    default: ftp:drivers' },
      "inputs.recipients.default is 'ftp:drivers', expected something like yt://home/project/recipients",
    ],
    [
      OPERATION,
      { 'timeout: 10s': 'timeout: 10' },
      'schema/type runners.one-shot.sender.channel.timeout is the number 10, expected a text',
    ],
    [OPERATION, { '200, 202': '200, 702' }, 'outcomes.sent.1 is the number 702: it must be <= 599'],
    [OPERATION, { '200, 202': '200, 9xx' }, "outcomes.sent.1 is '9xx', expected a text that matches"],
    [
      OPERATION,
      { '200, 202': '200, true' },
      'schema/value runners.one-shot.sender.channel.outcomes.sent.1 is the boolean true',
    ],
    [
      OPERATION,
      { 'type: integer': 'type: intger' },
      "schema/value params.concurrency.type is 'intger'; did you mean 'integer'?",
    ],
    [
      OPERATION,
      { 'minimum: 1': 'minimun: 1' },
      "schema/unknown-key 'minimun' is no keyword of JSON Schema draft-07 (in params.concurrency); did you mean 'minimum'?",
    ],
    [
      OPERATION,
      { 'minimum: 1': 'minimum: one' },
      "schema/type params.concurrency.minimum is 'one', expected the number",
    ],
    [
      OPERATION,
      { 'default: 64': 'default: 0' },
      'schema/value the default does not satisfy its own schema: params.concurrency.default is the number 0: it must be >= 1',
    ],
    [
      OPERATION,
      { 'default: 64': 'default: abc' },
      "schema/type the default does not satisfy its own schema: params.concurrency.default is 'abc', expected a whole number",
    ],
    [
      OPERATION,
      { 'format: uri': 'format: urj' },
      'schema/value params.endpoint cannot be used as a JSON Schema: unknown format "urj"',
    ],
    [
      OPERATION,
      { 'format: uri': 'pattern: "["' },
      'params.endpoint cannot be used as a JSON Schema: Invalid regular expression',
    ],
    [
      OPERATION,
      { 'format: uri': '$ref: "#/definitions/x"' },
      "schema/value params.endpoint cannot be used as a JSON Schema: can't resolve reference",
    ],
    [
      OPERATION,
      { 'PUSH_TOKEN:': 'push_token:' },
      "schema/value 'push_token' is no name that can stand in secrets",
    ],
    [
      LAYER,
      { 'realtime-notifications: 0.1.0': 'realtime-notifications: ^0.1.0' },
      "packages.realtime-notifications is '^0.1.0', expected something like 1.4.10",
    ],
    [
      ONE_SHOT,
      { 'reader, sender, logger': 'reader, sendr, logger' },
      "schema/value stages.1 is 'sendr'; did you mean 'sender'?",
    ],
  ])('%s with %j', (path, edits, expected) => {
    const found = findings(path, edits);
    expect(found).toEqual([expect.stringContaining(expected)]);
    const [[, to] = ['', '']] = Object.entries(edits);
    const key = to.split(':')[0] ?? '';
    const all = findingsIn(edited(path, edits));
    if (key !== '' && to.includes(':'))
      expect(
        Buffer.from(edited(path, edits).read(path) ?? '')
          .toString()
          .split('\n')[(all[0]?.line ?? 1) - 1],
      ).toContain(key);
  });

  test('several mistakes come out together', () => {
    expect(
      findings(OPERATION, {
        'title: Push': 'titel: Push',
        'max_attempts: 5': 'max_attempts: 0',
        'drain_timeout: 30s': 'drain_timeout: x',
      }),
    ).toHaveLength(3);
  });

  test.each([
    ['', 'the file is empty'],
    ['5', 'the document is the number 5, expected a map'],
    ['[]', 'a list of 0'],
    ['~', 'the document is empty, expected a map'],
  ])('a document of %j', (content, expected) => {
    const found = findingsIn(withChanges(house, [{ path: LAYER, content }]));
    expect(found.map(({ message }) => message)).toEqual([expect.stringContaining(expected)]);
  });
});
