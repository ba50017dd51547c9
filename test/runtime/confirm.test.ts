import { describe, expect, test } from 'vitest';
import { confirm } from '../../src/runtime/confirm.js';

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
