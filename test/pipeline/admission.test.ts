import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { Admission } from '../../src/pipeline/admission.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming, Message, Row, SendResult } from '../../src/pipeline/record.js';

const TEXTS = { type: 'object', additionalProperties: { type: 'string' } };
const INPUT = {
  key: 'phone',
  row: {
    type: 'object',
    properties: {
      phone: { type: 'string', 'x-sensitive': true },
      names: { ...TEXTS, 'x-sensitive': true },
      labels: TEXTS,
    },
  },
};

async function refusalOf(row: Row): Promise<SendResult | undefined> {
  const incoming = new Queue<Incoming>(1);
  const results = new Queue<SendResult>(1);
  incoming.trySend({ position: 0, row });
  incoming.close();
  await new Admission(INPUT, systemClock).run(incoming, new Queue<Message>(1), results, {
    inDoubt: 'resend',
    counts: newCounts(),
    stopSignal: new AbortController().signal,
    stop: (error) => {
      throw error;
    },
    complete: () => {},
  });
  return results.tryReceive();
}

test.each([
  [
    'within a sensitive column only the column is told',
    { names: { Ivan: 7 } },
    'column names must be string',
  ],
  ['within another the place is told', { labels: { colour: 7 } }, 'column labels.colour must be string'],
])('of a mistake %s', async (_, row, errorText) => {
  const refusal = await refusalOf({ phone: '+79991234567', ...row });
  expect(refusal).toMatchObject({ outcome: 'rejected', errorCode: 'invalid_row', errorText });
  expect(refusal?.messageId).toMatch(/^sha256:/);
});
