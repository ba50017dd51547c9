import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { repository } from '../author/repository.js';

const FILE = 'operations/driver_push/schedules.yaml';
const SCHEDULES = `# yaml-language-server: $schema=../../schemas/schedules.schema.json
schema: schedules/v1
schedules:
  nightly:
    project: notifications
    version: 1.4.10
    runner: one-shot
    cron: "30 2 * * *"
    time_zone: Asia/Kathmandu
    paused: true
  often: {version: ^1.4, runner: one-shot, cron: "0,30 * * * *"}
  gone: {version: ^3, cron: "0 0 1 1 *"}
  broken: {version: ^1.4, cron: "61 * * * *"}
`;

/** The house with its operation published and schedules beside it. */
async function withSchedules(text = SCHEDULES) {
  const { write, rtn, rtnOn, ...rest } = repository();
  await rtn('publish', 'driver_push', '--with-deps');
  write(FILE, text);
  return { write, rtn, rtnOn, ...rest };
}

test('list tells what each starts, and when it is due', async () => {
  const { rtn } = await withSchedules();
  const { code, out, err } = await rtn('schedule', 'list');
  expect(code).toBe(0);
  const [head, , gone, nightly, often] = out.split('\n').map((line) => line.split(/ {2,}/));
  expect(head).toEqual(['name', 'project', 'starts', 'cron', 'zone', 'next', 'local', 'paused', 'problem']);
  expect(gone?.slice(0, 3)).toEqual(['gone', '-', 'nothing']);
  expect(gone?.at(-1)).toMatch(/^no active version of driver_push lies in \^3/);
  expect(nightly?.slice(0, 5)).toEqual([
    'nightly',
    'notifications',
    'driver_push@1.4.10',
    '30 2 * * *',
    'Asia/Kathmandu',
  ]);
  expect(nightly?.slice(5)).toEqual([
    expect.stringMatching(/T20:45Z$/),
    expect.stringMatching(/ 02:30 \+05:45$/),
    'yaml',
    '-',
  ]);
  expect(often?.[2]).toBe('driver_push@1.4.10');
  expect(err).toMatch(
    /^left out: .*schedules.yaml:13: schedule 'broken': minute: got '61'.*\nnext: rtn check\n$/,
  );
});

test('list as JSON has all that a schedule says, with its defaults', async () => {
  const { rtn } = await withSchedules();
  const [gone, nightly] = JSON.parse((await rtn('schedule', 'list', '--json')).out);
  expect(gone).toMatchObject({
    name: 'gone',
    starts: null,
    problem: expect.stringContaining('no active version'),
  });
  expect(nightly).toMatchObject({
    name: 'nightly',
    operation: 'driver_push',
    runner: 'one-shot',
    starts: 'driver_push@1.4.10',
    problem: null,
    time_zone: 'Asia/Kathmandu',
    overlap: 'forbid',
    catch_up: 'latest',
    retries: { attempts: 0, pause: '1m' },
    paused: true,
    paused_by: 'yaml',
    next_slot: expect.stringMatching(/T20:45Z$/),
  });
});

test('list as JSON has the keys and the units of the YAML', async () => {
  const entry = {
    ...{ title: 'T', project: 'p', owner: 'o', version: '^1.4', runner: 'one-shot', cron: '0 5 * * *' },
    ...{ time_zone: 'Europe/Berlin', inputs: { recipients: 'pg:r' }, outputs: { log: 'pg:l' } },
    ...{ params: { endpoint: 'http://push.example' }, overlap: 'queue', catch_up: 'none' },
    ...{ deadline: '10m', retries: { attempts: 3, pause: '90s' }, timeout: '2h', paused: false },
    ...{ alert: { webhook: 'HOOK', events: ['failed'] }, resources: { cpu: 0.5, memory: '1536Mi' } },
  };
  const { rtn } = await withSchedules(stringify({ schema: 'schedules/v1', schedules: { full: entry } }));
  const [listed] = JSON.parse((await rtn('schedule', 'list', '--json')).out);
  expect(listed).toEqual({
    ...{ name: 'full', operation: 'driver_push', ...entry, paused_by: null },
    ...{ starts: 'driver_push@1.4.10', problem: null },
    next_slot: expect.any(String),
    next_local: expect.any(String),
  });
});

test('an empty registry says where schedules would stand', async () => {
  const { rtn } = repository();
  expect(await rtn('schedule', 'list')).toEqual({
    code: 0,
    out: 'There is none: operations/<name>/schedules.yaml would hold it.\n',
    err: '',
  });
  expect((await rtn('schedule', 'list', '--json')).out).toBe('[]\n');
  expect((await rtn('schedule', 'next')).out).toBe('None is due.\n');
});

test('next gives slots in the order in which they are due, without paused schedules', async () => {
  const { rtn } = await withSchedules(SCHEDULES.replace('paused: true', 'paused: false'));
  const slots = JSON.parse((await rtn('schedule', 'next', '--count', '60', '--json')).out);
  expect(slots).toHaveLength(60);
  const times = slots.map(({ slot }: { slot: string }) => slot);
  expect(times).toEqual([...times].sort());
  // A day has 48 half hours.
  expect(slots.filter(({ schedule }: { schedule: string }) => schedule === 'nightly').length).toBeGreaterThan(
    0,
  );
  const paused = await withSchedules();
  expect((await paused.rtn('schedule', 'next', '--count', '60', '--json')).out).not.toContain('nightly');
});

test('next of one schedule tells its own, paused or not', async () => {
  const { rtn } = await withSchedules();
  const { out } = await rtn('schedule', 'next', 'nightly', '--count', '2');
  const lines = out.trimEnd().split('\n').slice(2);
  expect(lines).toHaveLength(2);
  for (const line of lines)
    expect(line).toMatch(/T20:45Z {2}\S+ 02:30 \+05:45 {2}Asia\/Kathmandu {2}nightly$/);
});

test('a schedule whose entry has a mistake of form is told as that, not as one that is not there', async () => {
  const { rtn } = await withSchedules(`${SCHEDULES}  no_cron: {version: ^1.4}\n`);
  for (const words of [
    ['next', 'no_cron'],
    ['pause', 'no_cron'],
    ['history', 'no_cron'],
  ]) {
    const { code, err } = await rtn('schedule', ...words);
    expect([words, code, err]).toEqual([
      words,
      1,
      expect.stringMatching(/schedules.yaml:14: 'cron' is missing in schedules.no_cron/),
    ]);
  }
});

test.each([
  [['next', 'nigthly'], 2, "there is no schedule 'nigthly'; did you mean 'nightly'?"],
  [['next', 'broken'], 1, "schedule 'broken': minute: got '61'"],
  [['next', '--count', '0'], 2, 'expected a whole number from 1'],
  [['next', '--count', '10001'], 2, 'expected at most 10000'],
  [['lisst'], 2, "unknown command 'lisst'"],
  [['list', 'nightly'], 2, 'too many arguments'],
])('rtn schedule %j ends with a hint', async (words, code, hint) => {
  const { rtn } = await withSchedules();
  const said = await rtn('schedule', ...words);
  expect([said.code, said.out, said.err]).toEqual([code, '', expect.stringContaining(hint)]);
});

test('check judges schedules with a base: the file, and what a change of the operation does to it', async () => {
  const given =
    '    inputs: { recipients: "yt://home/recipients" }\n    params: { endpoint: "http://push.example" }\n';
  const good = `${SCHEDULES.split('  often')[0]}${given}`;
  const { rtn, write, commit, git } = await withSchedules(good);
  commit('scheduled');
  git('switch', '-q', '-c', 'change');
  expect(await rtn('check')).toMatchObject({ code: 0, err: '' });
  write(FILE, good.replace('30 2 *', '61 2 *'));
  const changed = await rtn('check', '--base', 'main');
  expect([changed.code, changed.out]).toEqual([1, expect.stringContaining('schedule/cron')]);
  write(FILE, good);
  expect((await rtn('check', '--base', 'main')).code).toBe(0);
  await rtn('withdraw', 'driver_push@1.4.10', '--reason', 'sends twice');
  const withdrawn = await rtn('check', '--base', 'main');
  expect([withdrawn.code, withdrawn.out]).toEqual([1, expect.stringContaining('schedule/version')]);
});

test('who publishes, or withdraws, is told what becomes of schedules', async () => {
  const { rtn, commit } = await withSchedules();
  commit('scheduled');
  await rtn('bump', 'driver_push');
  const published = await rtn('publish', 'driver_push');
  expect(published.out).toContain(
    'schedule often starts driver_push@1.4.11 from now on, not driver_push@1.4.10\n',
  );
  expect(published.out).not.toMatch(/nightly|gone/);
  const withdrawn = await rtn('withdraw', 'driver_push@1.4.11', '--reason', 'sends twice');
  expect(withdrawn.out).toMatch(
    /schedule often starts nothing from now on: no active version .* lies in \^1.4/,
  );
});
