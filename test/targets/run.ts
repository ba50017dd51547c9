import { scheduleOf } from '../../src/schedule/entry.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import type { ScheduledRunner, Target, TargetOptions } from '../../src/targets/target.js';

/** A schedule of driver_push that every target can do, with what a test is about. */
export function scheduledRun(
  overrides: Partial<Schedule> = {},
  others: Partial<ScheduledRunner> = {},
): ScheduledRunner {
  return {
    schedule: {
      ...scheduleOf('driver_push', 'weekly', { version: '1.4.10', cron: '17 9 * * 1-5', catch_up: 'none' }),
      ...overrides,
    },
    source: 'operations/driver_push/schedules.yaml',
    operation: { name: 'driver_push', version: '1.4.10' },
    runnerFile: 'driver_push-1.4.10.one-shot.mjs',
    keepsState: true,
    paramSchemas: {},
    secrets: ['PUSH_TOKEN'],
    environment: [{ name: 'DATABASE_URL', description: 'Postgres.', isSecret: true }],
    outputs: ['pg:driver_push_log'],
    drainTimeoutMs: 30_000,
    ...others,
  };
}

/** The target's options as the command line would give them, with these in place of defaults. */
export function optionsOf(target: Target, given: TargetOptions = {}): TargetOptions {
  const defaults = Object.entries(target.options).map(([flag, option]) => [flag, option.default]);
  return { ...Object.fromEntries(defaults), ...given };
}

/** The text of the file with this name among those that the target gives. */
export function textOf(target: Target, run: ScheduledRunner, given: TargetOptions, path: string): string {
  const { files } = target.generate(run, optionsOf(target, given));
  const file = files.find((each) => each.path === path);
  if (file === undefined) throw new Error(`no ${path} among ${files.map((each) => each.path).join(', ')}`);
  return file.text;
}

/** Texts that would break out of a badly made file. NUL stands in none: no argument of a process can hold it. */
export const ATTACKS: readonly string[] = [
  `it's "quoted" \`id\` $(id) $HOME \${HOME}`,
  '100% %% %i %n %',
  '\\% \\\\% %\\ \\',
  "\\'; touch broken; '",
  ';',
  '-rf',
  '--flag',
  '#comment',
  '~root *.ts ? [a] {b,c}',
  '@: + ! - |',
  '& && || > /tmp/x <',
  '',
  ' ',
  'ünïcödé 字 🎉',
  'x'.repeat(300),
];

/** Those that only a format with escapes can hold. */
export const LINE_ATTACKS: readonly string[] = [
  'a\nb',
  'a\r\nExecStart=/bin/false',
  'tab\there',
  'line\u2028para\u2029',
  'next\u0085line',
  'bidi\u202etext',
];
