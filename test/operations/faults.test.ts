import { describe, expect, test } from 'vitest';
import type { Row } from '../../src/pipeline/record.js';
import { testDatabase } from '../setup/database.js';
import { type OperationCase, runOperation } from './run.js';

// Every operation that sends, as it is published: its generated runner as a process of its own, 10,000 rows, to a provider
// that throttles, fails, cuts connections, is slow, refuses some and chokes on one. Between them the cases cover each kind
// of input and each kind of log.

const COUNT = 10_000;
/** Stands in every row and may stand nowhere else. */
const BODY = 'planted-body';
/** Recipients that the provider refuses; one of them spoils the request that it is in. */
const GONE = new Set([71, 4_999, 9_000]);
const POISON = 5_003;
/** Rows that do not fit the schema. */
const BAD = new Map<number, 'empty' | 'long'>([
  [17, 'empty'],
  [8_111, 'long'],
]);

const SINGLE = { throttleEvery: 6_001, failEvery: 401, resetEvery: 499, slowEvery: 1_009, slowMs: 200 };
const BATCH = { throttleEvery: 17, failEvery: 7, resetEvery: 6, slowEvery: 9, slowMs: 100, busyEvery: 997 };

interface Case extends Omit<OperationCase, 'faults'> {
  /** A row; `body` is what it says. */
  readonly row: (index: number, body: string) => Row;
  /** Columns with the message's id and with the one that it is for. */
  readonly key: string;
  readonly to: string;
  readonly isBatch?: true;
}

const push = (to: string) => (index: number, body: string) => ({
  message_id: `m${index}`,
  [to]: `r${index}`,
  title: BODY,
  text: body,
});
const promotion = (index: number, body: string) => ({
  // The only column is the one that is logged.
  user_id: body === BODY ? `r${index}` : 'x'.repeat(body.length),
});

const CASES: readonly Case[] = [
  {
    operation: 'driver_push@1.4.10',
    inputFlag: 'recipients',
    secret: 'PUSH_TOKEN',
    flags: [],
    input: 'ndjson',
    log: 'pg',
    row: push('driver_id'),
    key: 'message_id',
    to: 'driver_id',
  },
  {
    operation: 'user_push@1.3.0',
    inputFlag: 'recipients',
    secret: 'PUSH_TOKEN',
    flags: [],
    input: 'csv.gz',
    log: 'file',
    row: push('user_id'),
    key: 'message_id',
    to: 'user_id',
  },
  {
    operation: 'promotions@1.4.8',
    inputFlag: 'segment',
    secret: 'PROMOTIONS_TOKEN',
    flags: ['--promotion', 'winter_rides'],
    input: 'yt',
    log: 'yt',
    row: promotion,
    key: 'user_id',
    to: 'user_id',
  },
  {
    operation: 'promotions@1.4.5-dev',
    inputFlag: 'segment',
    secret: 'PROMOTIONS_TOKEN',
    flags: ['--promotion', 'winter_rides'],
    input: 'pg',
    log: 'file',
    row: promotion,
    key: 'user_id',
    to: 'user_id',
  },
  {
    operation: 'taxi_upload@1.4.8',
    inputFlag: 'audience',
    secret: 'AUDIENCE_TOKEN',
    flags: ['--list', 'city_launch'],
    input: 'yt',
    log: 'yt',
    row: (index, body) => ({ user_id: `r${index}`, tags: [body] }),
    key: 'user_id',
    to: 'user_id',
    isBatch: true,
  },
  {
    operation: 'taxi_exp@1.4.6',
    inputFlag: 'memberships',
    secret: 'EXPERIMENTS_TOKEN',
    flags: [],
    input: 'csv.gz',
    log: 'yt',
    row: (index, body) => ({
      membership_id: `m${index}`,
      user_id: `r${index}`,
      experiment: BODY,
      group: body,
    }),
    key: 'membership_id',
    to: 'user_id',
    isBatch: true,
  },
  {
    operation: 'coupons_activate@1.4.4',
    inputFlag: 'activations',
    secret: 'COUPONS_TOKEN',
    flags: [],
    input: 'pg',
    log: 'pg',
    row: (index, body) => ({ activation_id: `m${index}`, user_id: `r${index}`, coupon: body }),
    key: 'activation_id',
    to: 'user_id',
    isBatch: true,
  },
  {
    operation: 'taximeter_wall@1.2.10',
    inputFlag: 'posts',
    secret: 'FEED_TOKEN',
    flags: ['--max-items', '1000'],
    input: 'ndjson',
    log: 'yt',
    row: (index, body) => ({ post_id: `m${index}`, driver_id: `r${index}`, title: BODY, text: body }),
    key: 'post_id',
    to: 'driver_id',
    isBatch: true,
  },
];

/** Of drivers_sms, the numbers of recipients; the provider quotes those that it refuses. */
const phoneOf = (index: number) => `+7999${String(1_000_000 + index)}`;

const SMS: Case = {
  operation: 'drivers_sms@0.0.3',
  inputFlag: 'recipients',
  secret: 'SMS_TOKEN',
  flags: ['--sender-name', 'Taxi', '--rate-limit', '0'],
  input: 'csv.gz',
  log: 'pg',
  row: (index, body) => ({ message_id: `m${index}`, phone: phoneOf(index), text: body }),
  key: 'message_id',
  to: 'phone',
};

const database = testDatabase();

describe('ten thousand rows to a provider with faults', () => {
  test.for(
    [...CASES, SMS].map((given): [string, Case] => [
      `${given.operation}, ${given.input} to ${given.log}`,
      given,
    ]),
  )('%s: the log agrees with the receipts, and tells neither a body nor a secret', async ([, given]) => {
    const rows = Array.from({ length: COUNT }, (_, index) => given.row(index, bodyAt(index)));
    const toAt = (index: number) => String(rows[index]?.[given.to]);
    // An upload is answered as a whole, so of a batch without results nobody is refused by name.
    const refused = given.operation.startsWith('taxi_upload') ? [POISON] : [...GONE, POISON];
    const gone = new Set([...GONE].map(toAt));
    const faults = {
      ...(given.isBatch === true ? BATCH : SINGLE),
      isGone: (to: string) => gone.has(to),
      isPoison: (to: string) => to === toAt(POISON),
    };
    const { code, output, provider, log, traces } = await runOperation({ ...given, faults }, rows, database);

    expect(output).toContain('10,000 read');
    expect(code).toBe(0);
    expect(log.map(({ position }) => position).sort((a, b) => a - b)).toEqual([...rows.keys()]);
    const positionsOf = (outcome: string) =>
      log.filter((line) => line.outcome === outcome).map(({ position }) => position);
    expect(positionsOf('rejected').sort((a, b) => a - b)).toEqual(
      [...BAD.keys(), ...refused].sort((a, b) => a - b),
    );
    expect(positionsOf('sent')).toHaveLength(COUNT - BAD.size - refused.length);

    const sent = log.filter(({ outcome }) => outcome === 'sent');
    const receipts = [...provider.receipts.values()];
    if (given.isBatch === true) {
      expect(receipts.map(({ id }) => id).sort()).toEqual(sent.map((line) => line.message_id).sort());
      expect(provider.carriedOutAgain).toEqual([]);
    } else {
      const received = receipts.map(({ id, to }) => `${id} ${to}`);
      expect(received.sort()).toEqual(
        sent.map(({ provider_id, position }) => `${provider_id} ${toAt(position)}`).sort(),
      );
    }
    // The faults did happen.
    expect(Object.fromEntries(provider.answers)).toMatchObject({
      [given.isBatch === true ? 422 : 400]: expect.any(Number),
      429: expect.any(Number),
      503: expect.any(Number),
    });
    expect(traces).not.toContain(BODY);
    expect(traces).not.toContain('planted-secret');
    // Every number begins so.
    expect(traces).not.toContain('79991');
  });
});

function bodyAt(index: number): string {
  const bad = BAD.get(index);
  if (bad === undefined) return BODY;
  return bad === 'empty' ? '' : BODY.repeat(500);
}
