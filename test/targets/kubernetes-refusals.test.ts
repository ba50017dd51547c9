import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../src/schedule/schedule.js';
import { kubernetes } from '../../src/targets/kubernetes.js';
import { generated, OPTIONS, scheduledRunner } from './kubernetes-run.js';

const ALERT = { webhook: 'ALERT_WEBHOOK', events: ['failed'] } as const;

const REFUSED: readonly [key: string, changes: Partial<Schedule>, reason: string][] = [
  ['overlap', { overlap: 'queue' }, 'has no line in which a slot could wait'],
  ['catch_up', { catchUp: 'all' }, 'starts the latest alone'],
  ['deadline', { deadlineMs: 9_000 }, 'would miss slots that may start for 9000 ms'],
  ['deadline', { deadlineMs: 9_000, catchUp: 'none' }, 'would miss slots that may start for 9000 ms'],
  ['deadline', { deadlineMs: 60_500 }, 'counted in seconds: got 60500 ms'],
  ['deadline', { deadlineMs: 9_000 * 3_600_000 }, 'above a year'],
  ['retries', { retries: { attempts: 1, pauseMs: 60_000 } }, 'cannot be told to wait 60 s'],
  ['timeout', { timeoutMs: undefined }, 'would hold the schedule for ever'],
  ['timeout', { timeoutMs: undefined, overlap: 'allow' }, 'would pile up at every slot'],
  ['timeout', { timeoutMs: 0 }, 'no start could come to its end'],
  ['timeout', { timeoutMs: 1_500 }, 'counted in seconds: got 1500 ms'],
  ['timeout', { timeoutMs: 721 * 3_600_000 }, 'above 30 days'],
  ['alert', { alert: ALERT }, 'tells nobody'],
  ['resources', { resources: { cpu: 0.0004 } }, 'thousandths of a core: got 0.0004'],
  ['resources', { resources: { cpu: 0.1234 } }, 'thousandths of a core: got 0.1234'],
  [
    'cron',
    { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    'would not start the slot that clocks leave out on 2027-03-28',
  ],
  [
    'cron',
    { cron: '30 1 1-7 11 *', timeZone: 'America/New_York' },
    'would start twice in the hour that comes twice on 2027-11-07',
  ],
  // Seen with robfig/cron v3, which the controller reads schedules with: it misses Sunday, the day of the change.
  [
    'cron',
    { cron: '0 9 * * 0', timeZone: 'Asia/Beirut' },
    'would take a day that has no midnight for the day before on 2027-03-27',
  ],
  [
    'cron',
    { cron: '0 9 * * 0', timeZone: 'Australia/Lord_Howe' },
    'clocks have changed by less than an hour on 2027-04-03',
  ],
  ['params.text', { params: { text: 'a\0b' } }, 'holds a zero byte'],
  ['inputs.log', { inputs: { log: 'pg:\ud800' } }, 'no valid text'],
];

describe('what a CronJob cannot do is refused', () => {
  test.each(REFUSED)('%s %j', (key, changes, reason) => {
    const attempt = () => generated(scheduledRunner(changes));
    expect(attempt).toThrow('target kubernetes cannot do what a schedule asks for; nothing was written');
    expect(attempt).toThrow(`  driver_push_pg2yt: ${key}: `);
    expect(attempt).toThrow(reason);
  });

  const TAKEN: readonly [name: string, changes: Partial<Schedule>][] = [
    ['a pause without retries', { retries: { attempts: 0, pauseMs: 3_600_000 } }],
    ['every hour, whatever clocks do', { cron: '30 * * * *', timeZone: 'Europe/Berlin' }],
    ['an hour that no change of the clocks meets', { cron: '30 3 * * *', timeZone: 'Europe/Berlin' }],
    ['weekdays, on which clocks never change', { cron: '30 2 * * 1-5', timeZone: 'Europe/Berlin' }],
    ['a night in UTC', { cron: '30 2 * * *', timeZone: 'UTC' }],
  ];
  test.each(TAKEN)('but not %s', (_, changes) => {
    expect(() => generated(scheduledRunner(changes))).not.toThrow();
  });

  test('but not alerts that another process sends', () => {
    expect(() => generated(scheduledRunner({ alert: ALERT }), { ...OPTIONS, watched: 'true' })).not.toThrow();
  });
});

describe('options', () => {
  const WRONG: readonly [flag: string, text: string][] = [
    ['image', 'registry.example/driver_push:1.4.10'],
    ['image', `registry.example/driver_push@sha256:${'A'.repeat(64)}`],
    ['image', `-v@sha256:${'a'.repeat(64)}`],
    ['base-image', 'node:20'],
    ['base-image', `node\nRUN x@sha256:${'a'.repeat(64)}`],
    ['secret', 'Driver_Push'],
    ['secret', '--from-literal=x'],
    ['namespace', 'a.b'],
    ['cronjob-name', 'a'.repeat(53)],
    ['cronjob-name', 'driver_push'],
    ['state-claim', ''],
    ['pull-secret', 'a b'],
  ];
  test.each(WRONG)('--%s does not take %j', (flag, text) => {
    expect(kubernetes.options[flag]?.problem?.(text)).toMatch(/^expected /);
  });
  test.each(Object.entries({ image: OPTIONS.image, secret: 'a.b-c', namespace: 'crm', 'cronjob-name': 'a' }))(
    '--%s takes %s',
    (flag, text = '') => {
      expect(kubernetes.options[flag]?.problem?.(text)).toBeUndefined();
    },
  );
});
