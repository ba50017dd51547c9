import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { POLICY_KEYS } from '../../src/targets/target.js';
import { TARGETS } from '../../src/targets/targets.js';
import { registryWith } from '../targets/registry.js';

const WEEKLY = {
  version: '1.4.10',
  runner: 'one-shot',
  cron: '17 9 * * 1-5',
  catch_up: 'none',
  inputs: { recipients: 'file:rows.csv' },
  params: { endpoint: 'https://push.example' },
};

const registry = (
  schedules: Record<string, object> = { weekly: WEEKLY, daily: { ...WEEKLY, cron: '0 5 * * *' } },
) => registryWith({ components: COMPONENTS }, () => schedules);

describe('rtn generate --target', () => {
  test('writes the files of one schedule, and tells what is to be done with them', async () => {
    const { root, rtn, read } = registry();
    const { code, out, err } = await rtn(
      'generate',
      'weekly',
      '--target',
      'crontab',
      '--out',
      'x',
      '--user',
      'rtn',
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`wrote x/rtn-weekly
weekly:
  runner: rtn generate driver_push@1.4.10 --bundle --out /opt/rtn/driver_push-1.4.10, and npm ci there
  folder: install -d -o rtn -m 0700 /var/lib/rtn
  secret: /etc/rtn/secrets/PUSH_TOKEN, readable by that user alone
  connections: /etc/rtn/weekly.env, mode 0600, with DATABASE_URL=…
  install: install -m 0644 x/rtn-weekly /etc/cron.d/rtn-weekly
`);
    expect(read('x/rtn-weekly')).toContain(' --recipients=file:rows.csv --endpoint=https://push.example ');
    expect(statSync(join(root, 'x/rtn-weekly')).mode & 0o777).toBe(0o644);
  });

  test('writes those of an operation, or of all', async () => {
    const { rtn } = registry();
    for (const words of [['driver_push'], ['--all']]) {
      const { out } = await rtn('generate', ...words, '--target', 'systemd');
      expect(out.match(/^wrote .*$/gm)).toEqual(
        ['daily.service', 'daily.timer', 'weekly.service', 'weekly.timer'].map(
          (name) => `wrote schedulers/systemd/rtn-${name}`,
        ),
      );
    }
  });

  test.each([
    [
      'crontab',
      "install: crontab -n 'a b/rtn-weekly', then put all such files together: cat 'a b'/rtn-* | crontab -",
    ],
    [
      'systemd',
      "install: install -m 0644 'a b/rtn-weekly.service' 'a b/rtn-weekly.timer' /etc/systemd/system/",
    ],
  ])('names the files of %s where they are written', async (target, expected) => {
    const { out } = await registry().rtn('generate', 'weekly', '--target', target, '--out', 'a b');
    expect(out).toContain(`  ${expected}`);
  });

  test('tells the next step of one refusal once, of several at each', async () => {
    const next = 'next: write overlap: forbid, or use --target kubernetes';
    const one = registry({ weekly: { ...WEEKLY, overlap: 'replace' } });
    expect((await one.rtn('generate', '--all', '--target', 'crontab')).err).toMatch(
      new RegExp(`\\n  weekly: overlap: replace: [^\\n]+\\n${next}\\n$`),
    );
    const two = registry({ weekly: { ...WEEKLY, overlap: 'replace', catch_up: 'latest' } });
    expect((await two.rtn('generate', '--all', '--target', 'crontab')).err).toMatch(
      new RegExp(
        `\\n  weekly: overlap: [^\\n]+\\n    ${next}\\n  weekly: catch_up: [^\\n]+\\n    next: [^\\n]+\\n$`,
      ),
    );
  });

  test('writes nothing where one schedule of several cannot be expressed', async () => {
    const { root, rtn } = registry({ weekly: WEEKLY, other: { ...WEEKLY, overlap: 'replace' } });
    const { code, err } = await rtn('generate', '--all', '--target', 'crontab');
    expect([code, err]).toEqual([1, expect.stringContaining('  other: overlap: replace: ')]);
    expect(() => statSync(join(root, 'schedulers'))).toThrow();
  });

  test('writes nothing where two schedules would get one file', async () => {
    const one = { ...WEEKLY, timeout: '1h', inputs: { recipients: 'yt://home/rows' } };
    const { root, rtn } = registry({ weekly: one, daily: one });
    const { code, err } = await rtn(
      ...['generate', '--all', '--target', 'kubernetes', '--cronjob-name', 'same', '--secret', 's'],
      ...['--image', `registry.example/rtn@sha256:${'a'.repeat(64)}`],
    );
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^.*same.*would be the file of both daily and weekly; nothing was written\n/),
    ]);
    expect(() => statSync(join(root, 'schedulers'))).toThrow();
  });

  test('writes nothing where names differ only in - and _', async () => {
    const { root, rtn } = registry({ 'dash-a': WEEKLY, dash_a: WEEKLY });
    for (const target of ['kubernetes', 'systemd', 'crontab']) {
      const { code, err } = await rtn('generate', '--all', '--target', target);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining("schedule 'dash_a': driver_push has 'dash-a', which differs only in - and _"),
      ]);
    }
    expect(() => statSync(join(root, 'schedulers'))).toThrow();
  });

  test.each<[string[], RegExp]>([
    [['wekly', '--target', 'crontab'], /there is no schedule 'wekly', .*did you mean 'weekly'/],
    [['weekly', '--target', 'crontabs'], /Allowed choices are crontab, systemd/],
    [['weekly', '--host-zone', 'UTC'], /--host-zone goes with --target/],
    [
      ['weekly', '--target', 'systemd', '--host-zone', 'UTC', '--node', '../x'],
      /--node: got '\.\.\/x', expected an absolute path.*\n {2}target systemd takes no --host-zone\n/,
    ],
    [['weekly', '--target', 'crontab', '--user', 'a b'], /--user: got 'a b', expected the name of a user/],
    [
      ['weekly', '--target', 'crontab', '--mailto', 'a\nPATH=/tmp'],
      /--mailto: got 'a\\nPATH=\/tmp', expected one address/,
    ],
    [['weekly', '--target', 'crontab', '--install-dir', '/opt/../etc'], /--install-dir: got/],
    [['weekly', '--target', 'crontab', '--bundle'], /--target takes neither --bundle nor --runner/],
  ])('refuses %j', async (words, expected) => {
    const { code, err } = await registry().rtn('generate', ...words);
    expect([code, err]).toEqual([2, expect.stringMatching(expected)]);
  });

  test('tells a mistake in the schedules', async () => {
    const { rtn } = registry({ weekly: { ...WEEKLY, cron: '61 * * * *' } });
    const { code, err } = await rtn('generate', 'weekly', '--target', 'crontab');
    expect([code, err]).toEqual([1, expect.stringContaining("schedules.yaml:3: schedule 'weekly'")]);
  });
});

describe('rtn generate --target --check', () => {
  const found = async ({ rtn }: ReturnType<typeof registry>, ...words: string[]) => {
    const { code, out } = await rtn('generate', ...words, '--target', 'crontab', '--check', '--json');
    const { findings } = JSON.parse(out) as { findings: { file: string; line: number; rule: string }[] };
    return [code, findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`)];
  };

  test('finds what is missing, what is not as it should be, and what nobody answers for', async () => {
    const made = registry();
    expect(await found(made, '--all')).toEqual([
      1,
      ['schedulers/crontab/rtn-daily:1 generate/missing', 'schedulers/crontab/rtn-weekly:1 generate/missing'],
    ]);
    await made.rtn('generate', '--all', '--target', 'crontab');
    expect(await found(made, '--all')).toEqual([0, []]);
    expect(await found(made, '--all', '--user', 'rtn')).toEqual([
      1,
      ['schedulers/crontab/rtn-daily:5 generate/stale', 'schedulers/crontab/rtn-weekly:5 generate/stale'],
    ]);
    const { out } = await made.rtn(
      'generate',
      'weekly',
      '--target',
      'crontab',
      '--user',
      'rtn',
      '--watched',
      '--check',
    );
    expect(out).toContain('  fix: rtn generate weekly --target crontab --user rtn --watched\n');
    writeFileSync(join(made.root, 'schedulers/crontab/README'), 'mine\n');
    made.write({ weekly: { ...WEEKLY, cron: '18 9 * * *' } });
    expect(await found(made, '--all')).toEqual([
      1,
      ['schedulers/crontab/rtn-daily:1 generate/orphan', 'schedulers/crontab/rtn-weekly:5 generate/stale'],
    ]);
    expect(await found(made, 'weekly')).toEqual([1, ['schedulers/crontab/rtn-weekly:5 generate/stale']]);
  });
});

describe('every target', () => {
  test('answers for each policy, and a flag means one thing', () => {
    const flags = new Map<string, unknown>();
    for (const { key, options, policies } of TARGETS) {
      expect([key, Object.keys(policies).sort()]).toEqual([key, [...POLICY_KEYS].sort()]);
      for (const [flag, option] of Object.entries(options)) {
        expect(flags.get(flag) ?? option, `--${flag}`).toBe(option);
        flags.set(flag, option);
      }
    }
  });
});
