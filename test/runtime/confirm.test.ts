import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { confirm, terminalAsk } from '../../src/runtime/confirm.js';

function confirmation(expected: number | undefined, said: string | undefined, isConfirmed = false) {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return said ?? '';
  };
  const what = { what: 'driver_push 1.4.10', input: 'yt://home/drivers', log: 'Postgres table x' };
  const confirming = confirm({ ...what, expected, isConfirmed, ask: said === undefined ? undefined : ask });
  return { questions, confirming };
}

describe('more than 10,000 messages', () => {
  test.each(['y', 'Y', 'yes', ' yes '])('are sent on the answer %j', async (said) => {
    const { questions, confirming } = confirmation(10_001, said);
    await confirming;
    expect(questions).toEqual([
      'driver_push 1.4.10 is about to send 10,001 messages of yt://home/drivers and to log to Postgres table x. Send? [y/N] ',
    ]);
  });

  test.each(['', 'n', 'no', 'yesno'])('are not sent on the answer %j', async (said) => {
    await expect(confirmation(10_001, said).confirming).rejects.toMatchObject({
      code: 'temporary',
      next: expect.stringContaining('--yes'),
    });
  });

  test.each<[string, number | undefined, string | undefined, boolean]>([
    ['with --yes', 1_000_000, 'n', true],
    ['without a terminal', 1_000_000, undefined, false],
    ['when it is 10,000', 10_000, 'n', false],
    ['of a number that is not known', undefined, 'n', false],
  ])('are not asked for %s', async (_, expected, said, isConfirmed) => {
    const { questions, confirming } = confirmation(expected, said, isConfirmed);
    await confirming;
    expect(questions).toEqual([]);
  });
});

describe('on a terminal', () => {
  const terminal = () => ({
    input: Object.assign(new PassThrough(), { isTTY: true }),
    output: Object.assign(new PassThrough(), { isTTY: true, columns: 80 }),
  });

  test.each([
    ['a line', 'y\r', 'y'],
    ['Ctrl-C', '\u0003', ''],
    ['Ctrl-D', '\u0004', ''],
  ])('%s is the answer', async (_, typed, said) => {
    const { input, output } = terminal();
    const answer = terminalAsk(new AbortController().signal, { input, output })?.('Send? ');
    input.write(typed);
    expect(await answer).toBe(said);
  });

  test('the end of the run is an empty answer', async () => {
    const ending = new AbortController();
    const answer = terminalAsk(ending.signal, terminal())?.('Send? ');
    ending.abort();
    expect(await answer).toBe('');
  });

  test('nothing is asked where input or output is none', () => {
    const { input, output } = terminal();
    const { signal } = new AbortController();
    expect(terminalAsk(signal, { input: new PassThrough(), output })).toBeUndefined();
    expect(terminalAsk(signal, { input, output: new PassThrough() })).toBeUndefined();
  });
});
