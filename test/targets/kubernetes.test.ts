import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Schedule } from '../../src/schedule/schedule.js';
import { cronJobMistakes } from '../../src/targets/kubernetes-rules.js';
import { generated, manifest, OPTIONS, podOf, scheduledRunner } from './kubernetes-run.js';

/** Texts that try to leave the place they are written to, or to become something else there. */
const ATTACKS: readonly [name: string, text: string][] = [
  ['quotes', `'"\`; rm -rf / #`],
  ['line ends', 'a\nkind: Pod\r\n---\nkind: Secret'],
  ['long lines', `${'word '.repeat(200)}\nsecond ${'word '.repeat(50)}`],
  ['variables', '$(RTN_JOB) $$(RTN_JOB) $${x} $'],
  ['words of YAML 1.1', 'no'],
  ['numbers of YAML 1.1', '1:30'],
  ['octal', '0777'],
  ['a date', '2026-11-24'],
  ['a merge', '<<'],
  ['an anchor', '&a *a !!str ? : - | >'],
  ['a comment', '# x: y'],
  ['control characters', '\u0001\u0007\u001b[31m\u007f\u0085\u009f'],
  ['invisible ones', '\u00a0\u200b\u202egnp.exe\u2028\u2029\ufeff\ufffe\u{e0001}'],
  ['other planes', '😀 \u{10ffff}'],
  ['Go templates', '{{ .Values.x }} {{operation}}'],
  ['spaces around', '  x  '],
  ['nothing', ''],
];

/** What Kubernetes makes of an argument: `$$` is a dollar, `$(NAME)` a variable. */
function expanded(argument: string, variables: Readonly<Record<string, string>>): string {
  return argument.replace(/\$\$|\$\(([^)]*)\)/g, (all, name) =>
    all === '$$' ? '$' : (variables[name] ?? all),
  );
}

describe('a CronJob', () => {
  test('is the one that the golden file holds', async () => {
    const { files, notes } = generated(
      scheduledRunner({
        title: 'Log of the drivers',
        owner: 'crm',
        project: 'realtime_notifications_logging',
      }),
    );
    expect(files.map(({ path, mode }) => [path, mode])).toEqual([['driver-push-pg2yt.cronjob.yaml', 0o644]]);
    await expect(files[0]?.text).toMatchFileSnapshot('golden/cronjob.yaml');
    expect(notes).toEqual([
      'connections: kubectl create secret generic driver-push --from-env-file=FILE, with the lines DATABASE_URL=…, YT_PROXY=…, YT_TOKEN=…',
      'install: kubectl apply --server-side -f driver-push-pg2yt.cronjob.yaml',
    ]);
  });

  const CHANGES: readonly [name: string, changes: Partial<Schedule>, expected: object][] = [
    ['forbid', {}, { concurrencyPolicy: 'Forbid' }],
    [
      'replace, without a timeout',
      { overlap: 'replace', timeoutMs: undefined },
      { concurrencyPolicy: 'Replace' },
    ],
    ['allow', { overlap: 'allow' }, { concurrencyPolicy: 'Allow' }],
    ['a pause', { isPaused: true }, { suspend: true }],
    ['no catching up', { catchUp: 'none' }, { startingDeadlineSeconds: 60 }],
    [
      'no catching up and a short deadline',
      { catchUp: 'none', deadlineMs: 20_000 },
      { startingDeadlineSeconds: 20 },
    ],
    ['Sunday as 7', { cron: '0 9 * * 7' }, { schedule: '0 9 * * 0' }],
    [
      'days round the end of the week',
      { cron: '*/5 9-17 * JAN,feb FRI-SUN' },
      { schedule: '*/5 9-17 * jan,feb 0,5,6' },
    ],
    ['steps of days', { cron: '0 9 * * */2' }, { schedule: '0 9 * * 0,2,4,6' }],
    ['both kinds of days', { cron: '0 9 1,15 * 1-3' }, { schedule: '0 9 1,15 * 1-3' }],
  ];
  test.each(CHANGES)('says %s', (_, changes, expected) => {
    expect(manifest(scheduledRunner(changes)).spec).toMatchObject(expected);
  });

  test('has the runner look at the deadline, but not where a second start may come after it', () => {
    const argsOf = (attempts: number) =>
      podOf(manifest(scheduledRunner({ retries: { attempts, pauseMs: 0 } }))).container.args;
    expect(argsOf(0)).toContain('--start-deadline=600s');
    expect(argsOf(1)?.join(' ')).not.toContain('--start-deadline');
  });

  test('has no deadline where late slots may start for ever', () => {
    const job = manifest(scheduledRunner({ deadlineMs: undefined }));
    expect(job.spec).not.toHaveProperty('startingDeadlineSeconds');
    expect(podOf(job).container.args).not.toContainEqual(expect.stringContaining('--start-deadline'));
  });

  test('gives a Job the time of all its starts and pauses, and a pod that of one', () => {
    const job = manifest(scheduledRunner({ retries: { attempts: 8, pauseMs: 0 }, timeoutMs: 60_000 }));
    expect(job.spec?.jobTemplate.spec).toMatchObject({
      backoffLimit: 8,
      // 10 minutes to be placed, nine starts of 60 s with 90 s to end, pauses of 10 s to 640 s, none above 600 s.
      activeDeadlineSeconds: 600 + 9 * (60 + 90) + 10 + 20 + 40 + 80 + 160 + 320 + 600 + 600,
      template: { spec: { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 90 } },
    });
  });

  test('keeps state on a claim, or as long as the pod lives', () => {
    const run = scheduledRunner({}, { keepsState: true });
    const withClaim = podOf(manifest(run, { ...OPTIONS, 'state-claim': 'push-state' }));
    expect(withClaim.container.args?.at(-1)).toBe('--state-dir=/state');
    expect(withClaim.pod.volumes?.[0]).toEqual({
      name: 'state',
      persistentVolumeClaim: { claimName: 'push-state' },
    });
    expect(podOf(manifest(run)).pod.volumes?.[0]).toEqual({ name: 'state', emptyDir: {} });
    expect(generated(run).notes.at(-1)).toContain('--state-claim');
  });

  test('reads files on its claim alone', () => {
    const run = scheduledRunner({ inputs: { recipients: 'file:/state/rows.csv' } }, { keepsState: true });
    expect(() => generated(run)).toThrow('the location file:/state/rows.csv, and a pod has no such file');
    expect(podOf(manifest(run, { ...OPTIONS, 'state-claim': 'state' })).container.args).toContain(
      '--recipients=file:/state/rows.csv',
    );
    const task = scheduledRunner({ inputs: { recipients: 'file:/state/rows.csv' } });
    const { container } = podOf(manifest(task, { ...OPTIONS, 'state-claim': 'state' }));
    expect(container.volumeMounts).toContainEqual({ name: 'state', mountPath: '/state' });
    expect(container.args?.join(' ')).not.toContain('--state-dir');
  });

  test.each(['file:rows.csv', 'pg:audience.sql', 'yql:audience.sql'])('is not made for %s', (location) => {
    expect(() => generated(scheduledRunner({}, { outputs: [location] }))).toThrow('a pod has no such file');
    expect(() => generated(scheduledRunner({ inputs: { recipients: location } }))).toThrow(
      'a pod has no such file',
    );
  });

  test('takes the options of the place', () => {
    const options = { ...OPTIONS, namespace: 'crm', 'cronjob-name': 'nightly', 'pull-secret': 'registry' };
    const job = manifest(scheduledRunner(), options);
    expect(job.metadata).toMatchObject({ name: 'nightly', namespace: 'crm' });
    expect(podOf(job).pod.imagePullSecrets).toEqual([{ name: 'registry' }]);
    expect(generated(scheduledRunner(), options).notes[0]).toContain(
      'driver-push --namespace crm --from-env-file',
    );
  });

  test('is not made without a Secret that has what the runner reads', () => {
    expect(() => generated(scheduledRunner(), { image: OPTIONS.image })).toThrow(
      'the runner reads DATABASE_URL, YT_PROXY, YT_TOKEN, and --secret names no Secret that has it',
    );
    const without = manifest(scheduledRunner({}, { environment: [] }), { image: OPTIONS.image });
    expect(podOf(without).container.env).toHaveLength(1);
  });

  test('is not made with a name that is too long for a program', () => {
    const run = scheduledRunner({ params: { text: 'x'.repeat(140_000) } });
    expect(() => generated(run)).toThrow('arguments are texts that a program can be given: got');
  });
});

describe.each(ATTACKS)('with %s in all its texts a CronJob', (_, text) => {
  const run = scheduledRunner({
    title: text,
    owner: text,
    project: text,
    params: { text, [`${text}`.replace(/\W/g, '')]: { [text]: [text] } },
    inputs: { log: `pg:${text}` },
  });
  const job = manifest(run);

  test('is valid to the schema and to our rules', () => {
    expect(() => new CronJob(structuredClone(job) as never).validate()).not.toThrow();
    expect(cronJobMistakes(job)).toEqual([]);
  });

  test('is one document of a single object, and starts the runner with just these texts', () => {
    const [{ text: yaml = '' } = {}] = generated(run).files;
    expect(parse(yaml, { version: '1.1', schema: 'yaml-1.1' })).toEqual(job);
    expect(yaml).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u);
    const { container } = podOf(job);
    const args = container.args?.map((word) => expanded(word, { RTN_JOB: 'job-29' })) ?? [];
    expect(args.slice(0, 2)).toEqual(['--schedule=driver_push_pg2yt', '--slot=job-29']);
    expect(args).toContain(`--log=pg:${text}`);
    expect(args).toContain(`--text=${text}`);
    expect(args).toContainEqual(expect.stringContaining(JSON.stringify({ [text]: [text] })));
    expect(job.metadata?.annotations).toMatchObject({
      'realtime-notifications/title': text,
      'realtime-notifications/owner': text,
    });
  });
});

describe('a Dockerfile', () => {
  const base = `docker.example/node@sha256:${'b'.repeat(64)}`;

  test('is the one that the golden file holds, beside the commands that use it', async () => {
    const { files, notes } = generated(scheduledRunner(), { 'base-image': base });
    expect(files.map(({ path }) => path)).toEqual(['pg2yt-1.4.1.Dockerfile']);
    await expect(files[0]?.text).toMatchFileSnapshot('golden/Dockerfile');
    expect(notes).toEqual([
      'runner: rtn generate pg2yt@1.4.1 --bundle --out FOLDER, the one with pg2yt-1.4.1.Dockerfile',
      'image: cd FOLDER && docker build --file pg2yt-1.4.1.Dockerfile --tag REPOSITORY:1.4.1 . && docker push REPOSITORY:1.4.1, which tells the digest for --image',
    ]);
  });

  test('or a manifest has to be asked for', () => {
    expect(() => generated(scheduledRunner(), {})).toThrow('target kubernetes wants --image');
  });
});
