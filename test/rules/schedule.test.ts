import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { COMPONENTS } from '../../src/components.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { SCHEDULES_SCHEMA } from '../../src/registry/scheduleSchema.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { judge } from '../../src/rules/judge.js';
import { loadSchedules, resolveSchedule } from '../../src/rules/schedules.js';
import { ALERT_EVENTS, CATCH_UPS, OVERLAPS } from '../../src/schedule/schedule.js';
import { house, OPERATION, textOf } from '../registry/house.js';

const FILE = 'operations/driver_push/schedules.yaml';
const TODAY = '2026-11-24';

type Entry = Readonly<Record<string, unknown>>;

/** A schedule of the house's operation that has no findings. */
const GOOD: Entry = {
  version: '^1.4',
  runner: 'one-shot',
  cron: '*/10 * * * *',
  inputs: { recipients: 'yt://home/recipients' },
  params: { endpoint: 'http://push.example' },
};

const without = (key: string): Entry =>
  Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== key));

/** The house with versions of its operation in these states, and with files of schedules. */
function registryOf(
  files: Readonly<Record<string, Readonly<Record<string, unknown>> | string>>,
  versions: Readonly<Record<string, string>> = { '1.4.10': 'active' },
): FileTree {
  const text = textOf(OPERATION);
  return withChanges(house, [
    { path: OPERATION, content: null },
    ...Object.entries(versions).map(([version, status]) => ({
      path: `operations/driver_push/${version}.yaml`,
      content: text
        .replace('version: 1.4.10', `version: ${version}`)
        .replace('status: draft', `status: ${status}`),
    })),
    ...Object.entries(files).map(([path, schedules]) => ({
      path,
      content: typeof schedules === 'string' ? schedules : stringify({ schema: 'schedules/v1', schedules }),
    })),
  ]);
}

function found(tree: FileTree, before?: FileTree, changed: readonly string[] = []) {
  const base = before && {
    ref: 'main',
    commit: '0'.repeat(40),
    registry: loadRegistry(before, COMPONENTS),
    changed: new Set(changed),
    taken: [],
  };
  return judge(tree, COMPONENTS, { today: TODAY, base }).findings;
}

/** `rule severity message` of each finding in the file of schedules. */
function said(entry: Entry, versions?: Readonly<Record<string, string>>): string[] {
  return found(registryOf({ [FILE]: { night: entry } }, versions))
    .filter(({ file }) => file === FILE)
    .map(({ rule, severity, message }) => `${rule} ${severity} ${message}`);
}

test('a schedule that its operation can serve has no findings', () => expect(said(GOOD)).toEqual([]));

test.each<[what: string, entry: Entry, versions: Record<string, string> | undefined, expected: RegExp]>([
  [
    'a version that is no range',
    { ...GOOD, version: 'latest' },
    undefined,
    /^schedule\/version error 'latest' is neither a version nor a range/,
  ],
  [
    'a range without a version',
    { ...GOOD, version: '^2' },
    undefined,
    /^schedule\/version error no active version of driver_push lies in \^2; active is driver_push@1.4.10$/,
  ],
  [
    'a version that does not exist',
    { ...GOOD, version: '1.4.11' },
    undefined,
    /^schedule\/version error there is no operation driver_push@1.4.11; active is/,
  ],
  [
    'a withdrawn version',
    { ...GOOD, version: '1.4.10' },
    { '1.4.10': 'withdrawn' },
    /^schedule\/version error driver_push@1.4.10 was withdrawn/,
  ],
  [
    'a range with only withdrawn ones',
    GOOD,
    { '1.4.10': 'withdrawn' },
    /^schedule\/version error .*1.4.10 is withdrawn.*none is active/,
  ],
  ['a draft', GOOD, { '1.4.10': 'draft' }, /^schedule\/version error driver_push@1.4.10 is a draft/],
  [
    'a deprecated version',
    { ...GOOD, version: '1.4.10' },
    { '1.4.10': 'deprecated' },
    /^schedule\/deprecated warning driver_push@1.4.10 is deprecated$/,
  ],
  [
    'several runners',
    without('runner'),
    undefined,
    /^schedule\/runner error .*has the runners one-shot, service: say which one, runner: one-shot/,
  ],
  [
    'a misspelt runner',
    { ...GOOD, runner: 'oneshot' },
    undefined,
    /^schedule\/runner error .*has no runner 'oneshot'; did you mean 'one-shot'/,
  ],
  [
    'a service',
    { ...GOOD, runner: 'service' },
    undefined,
    /^schedule\/runner error .*is a service, which never ends/,
  ],
  [
    'a cron mistake',
    { ...GOOD, cron: '*/10 * * *' },
    undefined,
    /^schedule\/cron error '\*\/10 \* \* \*' has 4 fields/,
  ],
  [
    'a date that never comes',
    { ...GOOD, cron: '0 0 30 2 *' },
    undefined,
    /^schedule\/cron error .*never fires/,
  ],
  [
    'an unknown zone',
    { ...GOOD, time_zone: 'Europe/Berlim' },
    undefined,
    /^schedule\/zone error there is no time zone 'Europe\/Berlim'; did you mean 'Europe\/Berlin'/,
  ],
  [
    'a zone in small letters',
    { ...GOOD, time_zone: 'europe/berlin' },
    undefined,
    /^schedule\/zone error .*did you mean 'Europe\/Berlin'/,
  ],
  ['an offset as a zone', { ...GOOD, time_zone: 'GMT+3' }, undefined, /^schedule\/zone error/],
  [
    'an hour that is skipped and one that comes twice',
    { ...GOOD, cron: '30 2 * * *', time_zone: 'Europe/Berlin' },
    undefined,
    /^schedule\/dst warning daylight saving meets '30 2 \* \* \*' in Europe\/Berlin/,
  ],
  [
    'an unknown input',
    { ...GOOD, inputs: { recipient: 'yt://x', recipients: 'yt://x' } },
    undefined,
    /^schedule\/location error driver_push@1.4.10 has no input 'recipient'; did you mean 'recipients'/,
  ],
  [
    'an input that its reader cannot read',
    { ...GOOD, inputs: { recipients: 's3:x' } },
    undefined,
    /^schedule\/location error the reader 'table' cannot read s3:/,
  ],
  [
    'an input without default that is not given',
    without('inputs'),
    undefined,
    /^schedule\/location error the input 'recipients' of driver_push@1.4.10 has no default and is not given/,
  ],
  [
    'an unknown output',
    { ...GOOD, outputs: { logs: 'pg:x' } },
    undefined,
    /^schedule\/location error .*has no output 'logs'; did you mean 'log'/,
  ],
  [
    'a reference',
    { ...GOOD, outputs: { log: 'pg:x_${slot}' } },
    undefined,
    /^schedule\/location error nothing is put in/,
  ],
  [
    'an unknown param',
    { ...GOOD, params: { ...(GOOD.params as Entry), concurency: 1 } },
    undefined,
    /^schedule\/params error .*has no param 'concurency'; did you mean 'concurrency'/,
  ],
  [
    'a param out of bounds',
    { ...GOOD, params: { ...(GOOD.params as Entry), concurrency: 0 } },
    undefined,
    /^schedule\/params error param 'concurrency' is the number 0: it must be >= 1/,
  ],
  [
    'a param of another type',
    { ...GOOD, params: { ...(GOOD.params as Entry), concurrency: 'many' } },
    undefined,
    /^schedule\/params error param 'concurrency' is 'many', expected/,
  ],
  [
    'a param without default that is not given',
    without('params'),
    undefined,
    /^schedule\/params error the param 'endpoint' of driver_push@1.4.10 has no default and is not given/,
  ],
  [
    'a short deadline',
    { ...GOOD, deadline: '30s' },
    undefined,
    /^schedule\/timing error a deadline of less than a minute/,
  ],
  [
    'a timeout of nothing',
    { ...GOOD, timeout: '0s' },
    undefined,
    /^schedule\/timing error a timeout of less than a second/,
  ],
  [
    'catching up by replacing',
    { ...GOOD, catch_up: 'all', overlap: 'replace' },
    undefined,
    /^schedule\/timing error with overlap: replace/,
  ],
  [
    'a deadline that ends catching up',
    { ...GOOD, catch_up: 'all', deadline: '5m' },
    undefined,
    /^schedule\/timing warning .*slots are 10m apart: all is no more than latest/,
  ],
  [
    'retries that outlast the slots',
    { ...GOOD, retries: { attempts: 3, pause: '4m' } },
    undefined,
    /^schedule\/timing warning the pauses between 3 retries take 12m/,
  ],
  [
    'an address as a webhook',
    { ...GOOD, alert: { webhook: 'https://alerts.example/x' } },
    undefined,
    /^schema\/value error schedules.night.alert.webhook is .* expected something like ALERT_WEBHOOK/,
  ],
  [
    'a title on two lines',
    { ...GOOD, title: 'a\nb' },
    undefined,
    /^schema\/value error schedules.night.title/,
  ],
  ['an unknown key', { ...GOOD, croon: 1 }, undefined, /^schema\/unknown-key error .*'croon'/],
  [
    'a secret',
    { ...GOOD, params: { endpoint: 'https://push:hunter2pass9@push.internal' } },
    undefined,
    /^secret\/literal error this looks like a password in a URL/,
  ],
])('%s is told', (_, entry, versions, expected) => {
  const lines = said(entry, versions);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(expected);
});

test('what daylight saving does is told with its days', () => {
  const tree = registryOf({ [FILE]: { night: { ...GOOD, cron: '30 2 * * *', time_zone: 'Europe/Berlin' } } });
  expect(found(tree).find(({ rule }) => rule === 'schedule/dst')?.notes).toEqual([
    '2027-03-28: 02:30 is skipped; the schedule runs at 03:00 instead',
    '2027-10-31: 02:30 comes twice; the schedule runs the first time',
    expect.stringContaining('engines differ'),
  ]);
  const utc = registryOf({ [FILE]: { night: { ...GOOD, cron: '30 2 * * *' } } });
  const hourly = registryOf({
    [FILE]: { night: { ...GOOD, cron: '30 * * * *', time_zone: 'Europe/Berlin' } },
  });
  expect([...found(utc), ...found(hourly)].filter(({ rule }) => rule === 'schedule/dst')).toEqual([]);
});

test('a mistake stands where it was written', () => {
  const tree = registryOf({
    [FILE]: { night: { ...GOOD, params: { endpoint: 'http://x.example', concurrency: 0 } } },
  });
  const [finding] = found(tree).filter(({ file }) => file === FILE);
  expect(textOf(FILE, tree).split('\n')[(finding?.line ?? 0) - 1]).toBe('      concurrency: 0');
});

test('one name for two schedules of the registry, in whatever form, is told at both', () => {
  const other = 'operations/user_push/schedules.yaml';
  const lines = found(
    registryOf({ [FILE]: { a_b: GOOD }, [other]: { 'a-b': { ...GOOD, version: '1.0.0' } } }),
  );
  expect(
    lines.filter(({ rule }) => rule === 'schedule/name').map(({ file, message }) => `${file} ${message}`),
  ).toEqual([
    `${FILE} schedule 'a_b' has the name of another, 'a-b' in ${other}`,
    `${other} schedule 'a-b' has the name of another, 'a_b' in ${FILE}`,
  ]);
  expect(lines.filter(({ rule }) => rule === 'schedule/operation').map(({ message }) => message)).toEqual([
    "there is no operation 'user_push'; expected one of driver_push",
  ]);
});

test('names that differ only in - and _ are twins to whoever loads schedules, too', () => {
  const { schedules, unusable } = loadSchedules(
    loadRegistry(registryOf({ [FILE]: { 'dash-a': GOOD, dash_a: GOOD, other: GOOD } }), COMPONENTS),
  );
  expect(schedules.map(({ name }) => name)).toEqual(['dash-a', 'other']);
  expect(unusable.map(({ line }) => line)).toEqual([
    expect.stringMatching(/schedule 'dash_a': driver_push has 'dash-a', which differs only in - and _$/),
  ]);
});

test('a mistake in one schedule leaves the others alone', () => {
  const { schedules, unusable } = loadSchedules(
    loadRegistry(
      registryOf({
        [FILE]: { good: GOOD, form: { ...GOOD, cron: 5 }, zone: { ...GOOD, time_zone: 'Mars' } },
      }),
      COMPONENTS,
    ),
  );
  expect(schedules.map(({ name }) => name)).toEqual(['good']);
  expect(unusable).toEqual([
    {
      operation: 'driver_push',
      schedule: 'form',
      line: expect.stringMatching(/schedules.yaml:\d+: schedules.form.cron is the number 5, expected a text/),
    },
    {
      operation: 'driver_push',
      schedule: 'zone',
      line: expect.stringMatching(/schedule 'zone': there is no time zone 'Mars'/),
    },
  ]);
});

test.each([
  ['schema: schedules/v1\nschedules: {a: {cron: 5}, b: {}}\nmore: 1\n', ['a', 'a', 'b', 'b', undefined]],
  ['schedules:\n  a: 5\n  b:\n', [undefined, 'a', 'b']],
  ['schedules: {a: {\n', [undefined, undefined]],
])('a mistake tells whose it is: %j', (text, whose) => {
  const { unusable } = loadSchedules(loadRegistry(registryOf({ [FILE]: text }), COMPONENTS));
  expect(unusable.map(({ schedule }) => schedule)).toEqual(whose);
});

test.each([
  '',
  'x',
  '[]',
  'schema: schedules/v1',
  'schema: schedules/v1\nschedules: []\n',
  '\u0000',
  'schedules: &a {a: *a}',
])('a file that holds %j gives findings, and no schedule', (content) => {
  const tree = registryOf({ [FILE]: content });
  expect(found(tree).filter(({ file }) => file === FILE)).not.toEqual([]);
  expect(loadSchedules(loadRegistry(tree, COMPONENTS)).schedules).toEqual([]);
});

test.each([
  ['operations/driver_push/schedules.yml', /name it operations\/driver_push\/schedules.yaml/],
  ['operations/schedules.yaml', /no operation is read from here/],
  ['layers/taxi-crm-push/schedules.yaml', /'schedules' is no version/],
])('%s is a file that nobody would read', (path, message) => {
  const [finding] = found(registryOf({ [path]: { night: GOOD } })).filter(({ file }) => file === path);
  expect(finding).toMatchObject({ rule: 'version/path', message: expect.stringMatching(message) });
});

test('a range is the newest active version in it, an exact version itself', () => {
  const versions = {
    '1.3.9': 'active',
    '1.4.9': 'deprecated',
    '1.4.10': 'active',
    '1.4.11': 'draft',
    '1.5.0': 'withdrawn',
    '2.0.0': 'active',
  };
  const registry = loadRegistry(registryOf({ [FILE]: { night: GOOD } }, versions), COMPONENTS);
  const [schedule] = loadSchedules(registry).schedules;
  if (schedule === undefined) throw new Error('there is a schedule');
  const resolved = (version: string, allowsDrafts = false) =>
    resolveSchedule(registry, { ...schedule, version }, { allowsDrafts }).operation.version;
  expect(resolved('^1.3')).toBe('1.4.10');
  expect(resolved('1.3')).toBe('1.3.9');
  expect(resolved('*')).toBe('2.0.0');
  expect(resolved('1.4.9')).toBe('1.4.9');
  expect(resolved('^1.4', true)).toBe('1.4.11');
  expect(() => resolved('1.4.11')).toThrow(/is a draft/);
  expect(() => resolved('~1.5')).toThrow(
    /no active version of driver_push lies in ~1.5 \(1.5.0 is withdrawn\)/,
  );
});

test('a change is judged by what it touches: the file, or an operation that it starts', () => {
  const bad = { [FILE]: { night: { ...GOOD, cron: 'x', version: '^2' } } };
  const before = registryOf(bad);
  const rules = (changed: readonly string[], tree = before) =>
    found(tree, before, changed)
      .filter(({ file }) => file === FILE)
      .map(({ rule }) => rule);
  expect(rules([])).toEqual([]);
  expect(rules(['layers/taxi-crm-push/1.4.10.yaml'])).toEqual([]);
  expect(rules([FILE])).toEqual(['schedule/version', 'schedule/cron']);
  expect(rules([OPERATION])).toEqual(['schedule/version']);
  const good = registryOf({ [FILE]: { night: GOOD } });
  const withdrawn = registryOf({ [FILE]: { night: GOOD } }, { '1.4.10': 'withdrawn' });
  const removed = registryOf({ [FILE]: { night: GOOD } }, {});
  for (const [tree, rule] of [
    [withdrawn, 'schedule/version'],
    [removed, 'schedule/operation'],
  ] as const)
    expect(
      found(tree, good, [OPERATION])
        .filter(({ file }) => file === FILE)
        .map((each) => each.rule),
    ).toEqual([rule]);
});

test('schedules touch no digest and no version', () => {
  const plain = found(registryOf({})).map(({ rule, file }) => `${rule} ${file}`);
  expect(found(registryOf({ [FILE]: { night: GOOD } })).map(({ rule, file }) => `${rule} ${file}`)).toEqual(
    plain,
  );
});

test('the words of the schema are those of the code', () => {
  const schema = JSON.parse(JSON.stringify(SCHEDULES_SCHEMA));
  const { overlap, catch_up: catchUp, alert } = schema.properties.schedules.additionalProperties.properties;
  expect([overlap.enum, catchUp.enum, alert.properties.events.items.enum]).toEqual([
    OVERLAPS,
    CATCH_UPS,
    ALERT_EVENTS,
  ]);
});

test('the example of docs/schedules.md has no findings', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'schedules.md'), 'utf8');
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(example).toContain('driver_push_morning');
  expect(found(registryOf({ [FILE]: example })).filter(({ file }) => file === FILE)).toEqual([]);
});
