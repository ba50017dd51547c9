import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { RtnError } from '../../src/error.js';
import { type RunnerFile, runnerFiles } from '../../src/generator/runner-files.js';
import { workTree } from '../../src/git/worktree.js';
import { type Artefact, referenceTo } from '../../src/registry/artefact.js';
import { isMap } from '../../src/registry/jsonSchema.js';
import { judge } from '../../src/rules/judge.js';

const { registry, findings } = judge(workTree(join(import.meta.dirname, '..', '..')), COMPONENTS, {
  today: '2026-11-24',
});
const operations = registry.all('operation');
const cases = operations.map((operation): [string, Artefact] => [referenceTo(operation), operation]);

/** The operations of the original system with their ids and the layer that each is on. */
const ORIGINAL: readonly [reference: string, id: string, layer: string][] = [
  ['driver_push@1.4.10', '77c3b56f-fe67-41dc-846d-cf395af20950', 'taxi-crm-push@1.4.10'],
  ['promotions@1.4.8', '14000dce-9e85-415b-8d3a-eb9c6eea2528', 'taxi-crm-push@1.4.8'],
  ['promotions@1.4.5-dev', 'd111ee9d-8574-43e7-adf9-77cce1c858f3', 'taxi-crm-push@1.4.5-dev'],
  ['taxi_upload@1.4.8', '973369b2-2eee-454f-8558-dee3c5204986', 'taxi-crm-push@1.4.8'],
  ['taxi_exp@1.4.6', 'f4ad4dd7-241e-435a-9663-5019264e1998', 'taxi-crm-push@1.4.6'],
  ['coupons_activate@1.4.4', '0e9eadd9-d922-4c1c-ab3b-ed62c95b7c66', 'taxi-crm-push@1.4.4'],
  ['pg2yt@1.4.1', '4d1f1a36-89d5-4e34-bc8f-738d458ce65d', 'taxi-crm-push@1.4.1'],
  ['user_push@1.3.0', 'c6612248-58a6-4407-a26d-e6752f5e0322', 'taxi-crm-push@1.3.0'],
  ['taximeter_wall@1.2.10', '9e97ab97-87f5-4553-afef-0eb9178a1c5b', 'taxi-crm-push@1.2.10'],
  ['yt_cleanup_old_tables@2.0.0', '3c7cb2f5-163e-4e43-b7a6-095759726ba0', 'default@1.0.0'],
  ['mr_yql_from_jinja2_template@1.2.1', '6679bbc8-8a73-4be5-a3bb-5fb238c8585a', 'default@1.0.0'],
  ['yql_validate_and_share@1.0.0', '446da597-c582-437b-a68c-f6f9817a1172', 'default@1.0.0'],
  ['download_yql_operation_info@0.0.0', 'a73441be-85c7-42c9-bc44-589a3e31c95b', 'default@1.0.0'],
  ['drivers_sms@0.0.3', '3f5b3402-4c09-4268-8e4c-eca654076640', 'default@1.0.0'],
];

/** Generates all runners of one version. */
function runnersOf(operation: Artefact): readonly RunnerFile[] {
  const request = { runner: undefined, allowsDrafts: operation.status === 'draft', components: COMPONENTS };
  return runnerFiles(registry, { ...request, reference: referenceTo(operation) }).files;
}

describe('the operations of the original system', () => {
  test.each(ORIGINAL)('%s stands here with its id and its layer', (reference, id, layer) => {
    const operation = registry.resolve('operation', reference);
    expect(operation?.document).toMatchObject({ links: { nirvana: id }, layer });
  });

  test.each([
    ['promotions@1.4.5dev', 'promotions@1.4.5-dev'],
    ['yt_cleanup_old_tables@2.0', 'yt_cleanup_old_tables@2.0.0'],
    ['yql_validate_and_share@1.0', 'yql_validate_and_share@1.0.0'],
  ])('%s, as the original writes it, is %s', (legacy, strict) => {
    const operation = registry.resolve('operation', legacy);
    expect(operation && referenceTo(operation)).toBe(strict);
  });

  test('the older promotions comes before the newer', () => {
    const versions = registry.versions('operation', 'promotions').map(({ version }) => version);
    expect(versions.slice(0, 2)).toEqual(['1.4.5-dev', '1.4.8']);
  });

  test('pg2yt names the graphs and the project that it was started by', () => {
    const { links } = registry.find('operation', 'pg2yt', '1.4.1')?.document ?? {};
    expect(Object.values(isMap(links) ? links : {})).toEqual([
      '4d1f1a36-89d5-4e34-bc8f-738d458ce65d',
      'afa758a6-4dcd-4e09-a3ee-aa8983459f20',
      'd2ec7b8d-e526-47bc-8d2f-03fdd85b9a23',
      'realtime_notifications_logging',
      'user_push_pg2yt',
      'driver_push_pg2yt',
    ]);
  });
});

describe('our registry', () => {
  test('has no errors', () => {
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('warns only of drafts that are ahead of the code or of their script', () => {
    const drafts = operations.filter(({ status }) => status === 'draft').map(({ path }) => path);
    for (const { rule, file } of findings) {
      expect(['component/unknown', 'script/missing']).toContain(rule);
      expect(drafts).toContain(file);
    }
  });

  test('holds every operation that sends or has a task as one that is in use', () => {
    const inUse = operations.filter(({ status }) => status === 'active').map(referenceTo);
    expect(inUse.sort()).toEqual([
      'coupons_activate@1.4.4',
      'driver_push@1.4.10',
      'drivers_sms@0.0.3',
      'pg2yt@1.4.1',
      'promotions@1.4.5-dev',
      'promotions@1.4.8',
      'taxi_exp@1.4.6',
      'taxi_upload@1.4.8',
      'taximeter_wall@1.2.10',
      'user_push@1.3.0',
    ]);
  });

  test.each(cases)('%s describes itself and every input, output, param and secret', (_, { document }) => {
    const members = ['inputs', 'outputs', 'params', 'secrets'].flatMap((kind) =>
      Object.entries(isMap(document[kind]) ? document[kind] : {}).map(([name, member]): [string, unknown] => [
        `${kind}.${name}`,
        member,
      ]),
    );
    const silent = [['itself', document] as const, ...members].filter(
      ([, member]) => !isMap(member) || typeof member.description !== 'string',
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test.each(cases)('%s begins with the modeline by which editors find its schema', (_, { path }) => {
    const [first] = Buffer.from(registry.tree.read(path) ?? '')
      .toString()
      .split('\n');
    expect(first).toBe('# yaml-language-server: $schema=../../schemas/operation.schema.json');
  });

  test.each(cases.filter(([, { status }]) => status === 'active'))(
    'the runners of %s are JavaScript that Node.js reads',
    (_, operation) => {
      const folder = mkdtempSync(join(tmpdir(), 'rtn-operations-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const files = runnersOf(operation);
      expect(files).not.toEqual([]);
      for (const { name, text } of files) {
        writeFileSync(join(folder, name), text);
        const { status, stderr } = spawnSync(process.execPath, ['--check', join(folder, name)], {
          encoding: 'utf8',
        });
        expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
      }
    },
  );

  test.each(cases.filter(([, { status }]) => status === 'draft'))(
    '%s, a draft, generates or is refused with its place',
    (_, operation) => {
      try {
        expect(runnersOf(operation)).not.toEqual([]);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RtnError);
        expect(thrown).toMatchObject({ code: 'configuration' });
        const { message } = thrown as Error;
        if (!message.endsWith('whose runners cannot be generated yet'))
          expect(message).toContain(`${operation.path}): runners.`);
      }
    },
  );
});
