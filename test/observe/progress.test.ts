import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { Display, type ProgressStyle } from '../../src/observe/display.js';
import { Progress } from '../../src/observe/progress.js';
import { newCounts } from '../../src/pipeline/counts.js';

/** A progress in virtual time on a terminal of 80 columns; `text` is all that it has written. */
function progress(
  style: ProgressStyle,
  { total, isDryRun = false }: { total?: number; isDryRun?: boolean } = {},
) {
  const clock = new VirtualClock();
  const counts = newCounts();
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns: 80, rows: 24, isTTY: true });
  const drawn = new Progress(counts, { clock, label: 'driver_push 1.4.10', total, isDryRun });
  const shown = new Display(drawn, { clock, style, stream });
  return { clock, counts, shown, text: () => String(stream.read() ?? '') };
}

test('elsewhere than on a terminal there is a line every five seconds, of what is logged', async () => {
  const { clock, counts, shown, text } = progress('lines', { total: 20_000 });
  shown.start();
  counts.read = 9_000;
  counts.logged.sent = 4_990;
  counts.logged.rejected = 10;
  counts.retries = 3;
  counts.inFlight = 64;
  await clock.advance(5_000);
  expect(text()).toBe(
    'driver_push 1.4.10  5,000/20,000 25%  1,000/s  ETA 15s  sent 4,990  rejected 10  failed 0  retries 3  in flight 64\n',
  );
  await clock.advance(4_999);
  expect(text()).toBe('');
  shown.stop();
  await clock.advance(60_000);
  expect(text()).toBe('');
});

test('rows that are not selected bring the end nearer, and are not counted as results', async () => {
  const { clock, counts, shown, text } = progress('lines', { total: 1_000 });
  shown.start();
  counts.notSelected = 490;
  counts.logged.sent = 10;
  await clock.advance(5_000);
  expect(text()).toMatch(/500\/1,000 50% {2}2\/s {2}ETA 5s {2}sent 10 /);
  shown.stop();
});

test('as JSON there is a line a second with every count', async () => {
  const { clock, counts, shown, text } = progress('json');
  shown.start();
  counts.logged.sent = 10;
  await clock.advance(1_000);
  expect(JSON.parse(text())).toMatchObject({ logged: { sent: 10 }, notSelected: 0, total: null, rate: 10 });
  shown.stop();
});

test('a dry run calls nothing sent', async () => {
  const { clock, counts, shown, text } = progress('lines', { isDryRun: true });
  shown.start();
  counts.logged.sent = 10;
  await clock.advance(5_000);
  expect(text()).toContain('valid 10');
  expect(text()).not.toContain('sent');
  shown.stop();
});

test('on a terminal two lines are drawn again in their place, warnings stand above, and at the end they are gone', async () => {
  const { clock, counts, shown, text } = progress('terminal', { total: 100 });
  shown.start();
  await import('log-update');
  await clock.advance(100);
  counts.logged.sent = 50;
  await clock.advance(100);
  const drawn = text();
  expect(drawn).toContain('░░░░');
  expect(drawn).toContain('██████████░░░░░░░░░░  50/100 50%');
  expect(drawn).toContain('in flight 0');
  expect(drawn).not.toContain('\u001b[?25l');
  shown.print('warning: slow');
  expect(text()).toMatch(/warning: slow\n/);
  await clock.advance(100);
  expect(text()).toContain('50/100');
  shown.stop();
  expect(text()).toContain('\u001b[2K');
});

test('nothing is said with --quiet', async () => {
  const { clock, shown, text } = progress('none');
  shown.start();
  await clock.advance(60_000);
  shown.stop();
  expect(text()).toBe('');
});
